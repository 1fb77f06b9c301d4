"""Write the pages that are made from the code (settings, tools, commands) and from the scores (quality).

A test fails when they are stale.

python docs/generate.py
"""

from __future__ import annotations

import importlib
import json
import os
import re
import runpy
from pathlib import Path
from typing import Any

from mcp_smalltools.cli import COMMANDS, command_parser
from mcp_smalltools.config import ENV_PREFIX, Settings
from mcp_smalltools.skills.manifest import schema_of_file
from mcp_smalltools.tools.built_in import built_in_tools

FOLDER = Path(__file__).parent / "reference"
_BASE_FIELDS = {"call_id", "confidence", "escalate", "reason", "dropped", "source", "model", "note"}


def pages() -> dict[str, str]:
    """File name -> content of each generated page."""
    return {
        "settings.md": settings_page(),
        "tools.md": tools_page(),
        "commands.md": commands_page(),
        "skill.schema.json": json.dumps(schema_of_file(), indent=1) + "\n",
    }


def settings_page() -> str:
    lines = [
        "# Settings",
        "",
        "Defaults < config file (TOML) < environment < flags. In the environment, several roots are",
        f"separated as in `PATH`. The config file is the one that `--config` or `{ENV_PREFIX}CONFIG`",
        "names, or the default one, which `mcp-smalltools doctor` shows.",
        "",
        "| setting | environment | default | what |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "(by platform)" if field.default_factory else _plain(field.default)
        lines.append(f"| `{name}` | `{ENV_PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def tools_page() -> str:
    lines = ["# Tools", "", "What agents see, and the fields of the structured result.", ""]
    for tool in built_in_tools().values():
        lines += [
            f"## {tool.name}",
            "",
            tool.description,
            "",
            "| argument | type | default | what |",
            "|---|---|---|---|",
        ]
        schema = tool.Arguments.model_json_schema()
        required = set(schema.get("required", []))
        for name, spec in schema.get("properties", {}).items():
            default = "required" if name in required else _plain(spec.get("default"))
            lines.append(f"| `{name}` | {_type(spec)} | {default} | {_cell(spec.get('description', ''))} |")
        lines += ["", "| field of the answer | type | what |", "|---|---|---|"]
        answer = tool.Answer.model_json_schema()
        for name, spec in answer.get("properties", {}).items():
            if name not in _BASE_FIELDS:
                lines.append(f"| `{name}` | {_type(spec)} | {_cell(spec.get('description', ''))} |")
        for record, spec in answer.get("$defs", {}).items():
            if record != "Source" and spec.get("type") == "object":
                fields = ", ".join(f"`{field}`" for field in spec.get("properties", {}))
                lines.append(f"| &nbsp;&nbsp;*{record}* | | {fields} |")
        lines.append("")
    return "\n".join(lines)


def commands_page() -> str:
    os.environ["COLUMNS"] = "100"
    lines = ["# Commands", ""]
    for name in COMMANDS:
        parser = command_parser(name, importlib.import_module(f"mcp_smalltools.commands.{name}"))
        lines += [f"## {name}", "", "```", parser.format_help().strip(), "```", ""]
    return "\n".join(lines)


def _plain(value: Any) -> str:
    if value is None or value in ((), ""):
        return "none"
    return f"`{getattr(value, 'value', value)}`"


def _type(spec: dict[str, Any]) -> str:
    if "anyOf" in spec:
        return " or ".join(_type(part) for part in spec["anyOf"] if part.get("type") != "null")
    if "$ref" in spec:
        return str(spec["$ref"]).rpartition("/")[2]
    if spec.get("type") == "array":
        return f"list of {_type(spec.get('items', {}))}"
    return str(spec.get("type", "any"))


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, content in pages().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
    runpy.run_path(str(Path(__file__).with_name("quality.py")), run_name="__main__")


if __name__ == "__main__":
    main()
