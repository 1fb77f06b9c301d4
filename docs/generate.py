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
import tomllib
from pathlib import Path
from typing import Any

from mcp_smalltools.cli import COMMANDS, command_parser
from mcp_smalltools.config import ENV_PREFIX, Settings
from mcp_smalltools.skills.manifest import eval_rows, read_skill, schema_of_file
from mcp_smalltools.tools.built_in import built_in_tools

FOLDER = Path(__file__).parent / "reference"
ROOT = Path(__file__).parents[1]
_BASE_FIELDS = {"call_id", "confidence", "escalate", "reason", "dropped", "source", "model", "note"}


def pages() -> dict[str, str]:
    """File name -> content of each generated page."""
    return {
        "settings.md": settings_page(),
        "tools.md": tools_page(),
        "commands.md": commands_page(),
        "specialists.md": specialists_page(),
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


def specialists_page() -> str:
    """The registry: what ships, what each is made of, and how good it is."""
    lines = [
        "# Specialists that ship",
        "",
        "Each has a card: what it was fitted on, what it is good and not good for. Those of your own are",
        "made by `skills new`, shared as one file by `skills pack` and `skills install`",
        "([skills](../skills.md)).",
        "",
        "## In the package",
        "",
        "Licence: Apache-2.0, as the project. One set stands for each, of held-out or real input where there",
        "is one; [quality](../quality.md) has all.",
        "",
        "| specialist | base | adapter (sha256, scale) | other weights | measured on | figures |",
        "|---|---|---|---|---|---|",
        *(
            _shipped_row(folder)
            for folder in sorted((ROOT / "models" / "skills").iterdir())
            if folder.is_dir()
        ),
        "",
        "## Examples of skills",
        "",
        "| skill | kind | licence | cases | what agents read |",
        "|---|---|---|---|---|",
        *(
            _example_row(folder)
            for folder in sorted((ROOT / "examples" / "skills").iterdir())
            if folder.is_dir()
        ),
    ]
    return "\n".join(lines) + "\n"


def _shipped_row(folder: Path) -> str:
    file = tomllib.loads((folder / "skill.toml").read_text(encoding="utf-8"))
    adapter = file.get("adapter")
    made_of = f"`{adapter['sha256'][:12]}…`, {adapter.get('scale', 1.0)}" if adapter else "none"
    not_weights = {"skill.toml", "card.md", "scores.json", "adapter.gguf"}
    weights = sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix in (".json", ".npz") and path.name not in not_weights
    )
    scores = folder / "scores.json"
    measured = json.loads(scores.read_text(encoding="utf-8")).get("evaluation", []) if scores.exists() else []
    plain = [*measured, {"set": "with the tool that uses it", "metrics": {}}]
    first = next((one for one in measured if "held out" in one["set"] or "real" in one["set"]), plain[0])
    figures = "; ".join(f"{name}: {value}" for name, value in list(first["metrics"].items())[:3]) or "-"
    card = f"[{folder.name}](../../models/skills/{folder.name}/card.md)"
    base = f"`{file['base']}`" if "base" in file else "none"
    others = ", ".join(f"`{name}`" for name in weights) or "none"
    return f"| {card} | {base} | {made_of} | {others} | {_cell(first['set'])} | {_cell(figures)} |"


def _example_row(folder: Path) -> str:
    skill = read_skill(folder)
    cases = len(eval_rows(skill)) if skill.file.eval else 0
    link = f"[{skill.name}](../../examples/skills/{skill.name}/skill.toml)"
    return (
        f"| {link} | {skill.file.kind} | {skill.file.licence} | {cases} | {_cell(skill.file.description)} |"
    )


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
