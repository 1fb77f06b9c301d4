"""`skill.toml`: a tool of the user's own, without code. What may stand in it, and reading it.

    name = "support_tickets"
    kind = "classify"                       # classify, extract, ask or summarize
    description = "Sort support tickets …"  # what an agent reads to decide whether to call it
    labels = ["billing", "bug", "other"]

The JSON schema of the file is generated from the records here (`docs/reference/skill.schema.json`).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from mcp_smalltools.errors import SkillError
from mcp_smalltools.skills import example_tables
from mcp_smalltools.skills.toml_lines import line_of, line_of_syntax_error

FILE_NAME = "skill.toml"
ADAPTER_NAME = "adapter.gguf"
LEARNED_NAME = "learned.jsonl"
"""Examples that `skills learn` took from corrections. They count as if they stood in `examples`."""
NAME_PATTERN = r"^[a-z_]{1,30}$"
MAX_BYTES = 16 << 20
MAX_FILES = 200


class _SkillTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SkillExample(_SkillTable):
    """A text with its right label."""

    text: str = Field(min_length=1)
    label: str = Field(min_length=1)


class Thresholds(_SkillTable):
    """They can only make a tool more careful: what it escalates by itself stays escalated."""

    escalate_below: float = Field(
        0.0,
        ge=0,
        le=1,
        description="an answer with a lower confidence is escalated: the agent decides itself",
    )


class Adapter(_SkillTable):
    """A LoRA adapter, `adapter.gguf` beside the file. It is loaded only if it has this hash."""

    base: str = Field(description="id of the model that it was trained on")
    base_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of that model's file")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of adapter.gguf")
    scale: float = Field(1.0, gt=0, le=4)


class _Skill(_SkillTable):
    name: str = Field(pattern=NAME_PATTERN, description="of the tool, and of the folder")
    title: str = Field("", max_length=60, description="for people; default: the name in words")
    description: str = Field(
        min_length=20,
        max_length=600,
        description="what an agent reads to choose it: when to use it, when not, what comes back",
    )

    @field_validator("title", "description")
    @classmethod
    def _visible(cls, text: str) -> str:
        """What an agent reads is what a person sees who looks at the file."""
        hidden = next((char for char in text if not char.isprintable() and char != "\n"), None)
        if hidden is not None:
            raise ValueError(f"it holds an invisible character ({hidden!a})")
        return text

    base: str | None = Field(None, description="id of a model to use in place of the configured one")
    adapter: Adapter | None = None
    thresholds: Thresholds = Thresholds()
    eval: str | None = Field(
        None, description="file with cases whose right answer is known, for `skills validate --eval`"
    )


class ClassifySkill(_Skill):
    """Sorts texts or files under labels that are fixed here."""

    kind: Literal["classify"]
    labels: tuple[str, ...] | dict[str, str] = Field(
        description='names, "name: what belongs there", or a table of them; "other" is understood'
    )
    prompt: str = Field("", max_length=500, description="a few words on what the texts are")
    examples: tuple[SkillExample, ...] | str = Field(
        (), description="known cases, 3 to 10 for each label; or a file: .tsv (label, text), .csv or .jsonl"
    )


class ExtractSkill(_Skill):
    """Fills a JSON schema that is fixed here from a file or a text."""

    kind: Literal["extract"]
    schema_: dict[str, Any] | str = Field(
        alias="schema", description="JSON schema of the answer's data, or a .json file with it"
    )
    prompt: str = Field("", max_length=500, description="a few words on what the texts are")


class AskSkill(_Skill):
    """Looks for the answer to a question that is fixed here, or to the agent's if there is none."""

    kind: Literal["ask"]
    prompt: str = Field("", max_length=500, description="the question; default: the agent asks")


class SummarizeSkill(_Skill):
    """Summarizes a file with a focus that is fixed here."""

    kind: Literal["summarize"]
    prompt: str = Field("", max_length=500, description="what to look for; default: the agent says")
    max_words: int | None = Field(None, ge=50, le=2000, description="length; default: the agent says")


SkillFile = ClassifySkill | ExtractSkill | AskSkill | SummarizeSkill
_ADAPTER: TypeAdapter[SkillFile] = TypeAdapter(Annotated[SkillFile, Field(discriminator="kind")])


def schema_of_file() -> dict[str, Any]:
    """The JSON schema of `skill.toml`, for editors."""
    schema = _ADAPTER.json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FILE_NAME, **schema}


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill pack that was read: the file, the examples and the schema that it names, and a hash of all."""

    folder: Path
    file: SkillFile
    text: str
    examples: tuple[SkillExample, ...]
    schema: Mapping[str, Any] | None
    sha256: str

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def model(self) -> str | None:
        """The model that the skill chooses, if it does."""
        return self.file.base or (self.file.adapter.base if self.file.adapter else None)

    def error(self, key: str, message: str, remedy: str = "") -> SkillError:
        """An error about a key of the file, with its line."""
        return skill_error(self.folder / FILE_NAME, line_of(self.text, (key,)), f"{key}: {message}", remedy)


def skill_error(path: Path, line: int | None, message: str, remedy: str = "") -> SkillError:
    where = f"{path}, line {line}" if line else str(path)
    return SkillError(f"{where}: {message.rstrip('.')}.", remedy=remedy or "Mend the file and save it.")


def read_skill(folder: Path) -> Skill:
    """Read and check one pack. Raises SkillError naming file and line."""
    return parse_skill(folder, read_files(folder))


def read_files(folder: Path) -> dict[str, bytes]:
    """The pack's files by their path in it, but for the adapter, whose hash the file holds. Links that lead
    out of the folder are refused: a pack is what lies in it. Raises SkillError.
    """
    files: dict[str, bytes] = {}
    total = 0
    home = folder.resolve()
    try:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if any(part.startswith(".") for part in inside.parts) or not path.is_file():
                continue
            if not path.resolve().is_relative_to(home):
                raise skill_error(
                    path, None, "it leads out of the skill's folder", "Put the file itself there."
                )
            if path.name == ADAPTER_NAME:
                continue
            total += path.stat().st_size
            if total > MAX_BYTES or len(files) >= MAX_FILES:
                limit = f"a skill may have {MAX_FILES} files and {MAX_BYTES >> 20} MB"
                raise skill_error(folder, None, f"{limit}, besides the adapter", "Take some out.")
            files[inside.as_posix()] = path.read_bytes()
    except OSError as error:
        raise skill_error(
            folder, None, f"it can't be read: {error.strerror}", "Check its permissions."
        ) from None
    return files


def parse_skill(folder: Path, files: Mapping[str, bytes]) -> Skill:
    """Check what was read. Raises SkillError naming file and line."""
    path = folder / FILE_NAME
    text = _decoded(path, files.get(FILE_NAME))
    file = _validated(path, text)
    if file.name != folder.name:
        message = f"name: it is {file.name!r}, and the folder is called {folder.name!r}"
        raise skill_error(path, line_of(text, ("name",)), message, "Give both the same name.")
    skill = Skill(folder, file, text, (), None, hash_of(files))
    examples: tuple[SkillExample, ...] = ()
    schema: Mapping[str, Any] | None = None
    if isinstance(file, ClassifySkill):
        given = _examples(skill, files, file.examples) if isinstance(file.examples, str) else file.examples
        learned = _examples(skill, files, LEARNED_NAME) if LEARNED_NAME in files else ()
        examples = merge_examples(given, learned)
    if isinstance(file, ExtractSkill):
        schema = _schema(skill, files, file.schema_) if isinstance(file.schema_, str) else file.schema_
    if file.eval is not None:
        _named(skill, files, "eval", file.eval)
    return Skill(folder, file, text, examples, schema, skill.sha256)


def merge_examples(
    examples: Sequence[SkillExample], later: Sequence[SkillExample]
) -> tuple[SkillExample, ...]:
    """Both; a text that comes later again has the later label."""
    new = {example.text.strip(): example for example in later}
    kept = [example for example in examples if example.text.strip() not in new]
    return (*kept, *new.values())


def hash_of(files: Mapping[str, bytes]) -> str:
    """One hash over names and contents."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def eval_rows(skill: Skill) -> list[example_tables.ExampleRow]:
    """The rows of the pack's evaluation file. Raises SkillError if there is none, or it can't be read."""
    name = skill.file.eval
    if name is None:
        raise skill_error(
            skill.folder / FILE_NAME,
            None,
            "it names no evaluation",
            'Add eval = "eval.jsonl", and that file.',
        )
    content = _named(skill, read_files(skill.folder), "eval", name)
    return example_tables.rows(skill.folder / name, content)


def _decoded(path: Path, content: bytes | None) -> str:
    if content is None:
        raise skill_error(path, None, "there is no such file", "`mcp-smalltools skills new NAME` writes one.")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise skill_error(path, line, "it is not UTF-8", "Save it as UTF-8.") from None


def _validated(path: Path, text: str) -> SkillFile:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error).partition(" (at ")[0]
        raise skill_error(path, line_of_syntax_error(str(error), text), said) from None
    try:
        return _ADAPTER.validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        kind = found.get("kind")
        place = tuple(part for number, part in enumerate(first["loc"]) if (number, part) != (0, kind))
        raise skill_error(path, line_of(text, place or ("kind",)), _said(first, place)) from None


def _said(error: Mapping[str, Any], place: tuple[str | int, ...]) -> str:
    # Of a union's branches, pydantic names the one that it tried: no part of the file.
    where = ".".join(str(part) for part in place if not _is_branch(part))
    match error["type"]:
        case "union_tag_not_found":
            return "kind is missing: it is classify, extract, ask or summarize"
        case "union_tag_invalid":
            return f"kind is {error['ctx']['tag']!r}: it can be classify, extract, ask or summarize"
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"there is no key {where!r} in a skill of this kind"
        case "string_pattern_mismatch" if where == "name":
            return f"name: {error['input']!r} can't be a name: it has 1 to 30 of the letters a to z and _"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"


def _is_branch(part: str | int) -> bool:
    return isinstance(part, str) and ("[" in part or part in {"str", "dict", "tuple"})


def _named(skill: Skill, files: Mapping[str, bytes], key: str, name: str) -> bytes:
    """A file of the pack that the skill.toml names."""
    inside = PurePosixPath(name.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts:
        raise skill.error(key, f"{name!r} is not in the skill's folder", "Put the file there.")
    if (content := files.get(inside.as_posix())) is None:
        raise skill.error(key, f"there is no file {name!r} in the skill's folder", "Put it there.")
    return content


def _examples(skill: Skill, files: Mapping[str, bytes], name: str) -> tuple[SkillExample, ...]:
    path = skill.folder / name
    examples = []
    for row in example_tables.rows(path, _named(skill, files, "examples", name)):
        try:
            examples.append(SkillExample.model_validate({key: row.values[key] for key in ("text", "label")}))
        except (KeyError, ValidationError):
            remedy = 'Give text and label: label<TAB>text in .tsv, {"text": …, "label": …} in .jsonl.'
            raise skill_error(path, row.line, "it is no example", remedy) from None
    return tuple(examples)


def _schema(skill: Skill, files: Mapping[str, bytes], name: str) -> Mapping[str, Any]:
    content = _decoded(skill.folder / name, _named(skill, files, "schema", name))
    try:
        found = json.loads(content)
    except json.JSONDecodeError as error:
        raise skill_error(skill.folder / name, error.lineno, error.msg) from None
    if not isinstance(found, dict):
        raise skill_error(skill.folder / name, 1, "it is no JSON schema", "It has to be an object.")
    return cast("Mapping[str, Any]", found)
