"""`skill.toml`, a tool of the user's own without code: its records, and reading it.

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
from mcp_smalltools.text.toml import TOMLRefused, load_toml

FILE_NAME = "skill.toml"
ADAPTER_NAME = "adapter.gguf"
LEARNED_NAME = "learned.jsonl"
"""Examples that `skills learn` took from corrections, in addition to `examples`."""
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
    """Can only make a tool more careful: what it escalates by itself stays escalated."""

    escalate_below: float = Field(
        0.0,
        ge=0,
        le=1,
        description="an answer with a lower confidence is escalated, so that the agent decides",
    )


class Adapter(_SkillTable):
    """A LoRA adapter, `adapter.gguf` in the same folder. It is loaded only if it has this hash."""

    base: str = Field(description="id of the model that it was trained on")
    base_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of that model's file")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of adapter.gguf")
    scale: float = Field(1.0, gt=0, le=4)


class _Skill(_SkillTable):
    name: str = Field(pattern=NAME_PATTERN, description="name of the tool and of the folder")
    title: str = Field("", max_length=60, description="title for people; default: made from the name")
    description: str = Field(
        min_length=20,
        max_length=600,
        description="what an agent reads to choose it: when to use it, when not, what comes back",
    )

    @field_validator("title", "description")
    @classmethod
    def _visible(cls, text: str) -> str:
        """An agent must read what a person sees who opens the file."""
        hidden = next((char for char in text if not char.isprintable() and char != "\n"), None)
        if hidden is not None:
            raise ValueError(f"it holds an invisible character ({hidden!a})")
        return text

    base: str | None = Field(None, description="id of a model to use instead of the configured one")
    adapter: Adapter | None = None
    thresholds: Thresholds = Thresholds()
    eval: str | None = Field(
        None, description="file of cases with known answers, for `skills validate --eval`"
    )
    licence: str = Field(
        "", max_length=80, description="SPDX identifier, such as Apache-2.0; needed to share the skill"
    )


class ClassifySkill(_Skill):
    """Sorts texts or files under labels that are fixed here."""

    kind: Literal["classify"]
    labels: tuple[str, ...] | dict[str, str] = Field(
        description='names, "name: what belongs there", or a table of both; "other" means none of the labels'
    )
    prompt: str = Field("", max_length=500, description="what the texts are, in a few words")
    examples: tuple[SkillExample, ...] | str = Field(
        (),
        description="3 to 10 examples for each label, or a file: .tsv (label, text), .csv or .jsonl",
    )


class ExtractSkill(_Skill):
    """Fills a JSON schema that is fixed here from a file or a text."""

    kind: Literal["extract"]
    schema_: dict[str, Any] | str = Field(
        alias="schema", description="JSON schema of the data to extract, or the name of a .json file with it"
    )
    prompt: str = Field("", max_length=500, description="what the texts are, in a few words")


class AskSkill(_Skill):
    """Looks for the answer to a question that is fixed here, or to the agent's if there is none."""

    kind: Literal["ask"]
    prompt: str = Field("", max_length=500, description="the question; without it, the agent asks")


class SummarizeSkill(_Skill):
    """Summarizes a file with a focus that is fixed here."""

    kind: Literal["summarize"]
    prompt: str = Field("", max_length=500, description="what to look for; without it, the agent says")
    max_words: int | None = Field(
        None, ge=50, le=2000, description="length of the summary; without it, the agent says"
    )


SkillFile = ClassifySkill | ExtractSkill | AskSkill | SummarizeSkill
_ADAPTER: TypeAdapter[SkillFile] = TypeAdapter(Annotated[SkillFile, Field(discriminator="kind")])


def schema_of_file() -> dict[str, Any]:
    """The JSON schema of `skill.toml`, for editors."""
    schema = _ADAPTER.json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FILE_NAME, **schema}


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill pack that was read: its file, examples and schema, and a hash over all files."""

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
        """The model that the skill names, if any."""
        return self.file.base or (self.file.adapter.base if self.file.adapter else None)

    def error(self, key: str, message: str, remedy: str = "") -> SkillError:
        """An error about a key of the file, with its line."""
        return skill_error(self.folder / FILE_NAME, line_of(self.text, (key,)), f"{key}: {message}", remedy)


def skill_error(path: Path, line: int | None, message: str, remedy: str = "") -> SkillError:
    where = f"{path}, line {line}" if line else str(path)
    return SkillError(f"{where}: {message.rstrip('.')}.", remedy=remedy or "Correct the file and save it.")


def read_skill(folder: Path) -> Skill:
    """Read and check one pack. Raises SkillError naming file and line."""
    return parse_skill(folder, read_files(folder))


def read_files(folder: Path) -> dict[str, bytes]:
    """The pack's files by path, without the adapter, whose hash is in the skill.toml. Links out of the folder
    are refused. Raises SkillError.
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
                    path, None, "it links out of the skill's folder", "Put the file itself there."
                )
            if path.name == ADAPTER_NAME:
                continue
            total += path.stat().st_size
            if total > MAX_BYTES or len(files) >= MAX_FILES:
                limit = f"a skill may have {MAX_FILES} files and {MAX_BYTES >> 20} MB"
                raise skill_error(folder, None, f"{limit}, besides the adapter", "Remove some files.")
            files[inside.as_posix()] = path.read_bytes()
    except OSError as error:
        raise skill_error(
            folder, None, f"it can't be read: {error.strerror}", "Check its permissions."
        ) from None
    return files


def parse_skill(folder: Path, files: Mapping[str, bytes]) -> Skill:
    """Check the files of a pack. Raises SkillError naming file and line."""
    path = folder / FILE_NAME
    text = _decode(path, files.get(FILE_NAME))
    file = _validate_file(path, text)
    if file.name != folder.name:
        message = f"name: it is {file.name!r}, but the folder is called {folder.name!r}"
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
        _named_file(skill, files, "eval", file.eval)
    return Skill(folder, file, text, examples, schema, skill.sha256)


def merge_examples(
    examples: Sequence[SkillExample], later: Sequence[SkillExample]
) -> tuple[SkillExample, ...]:
    """Both lists as one. A text that is in both has the later label."""
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
            "it has no `eval`",
            'Add eval = "eval.jsonl" and the file.',
        )
    content = _named_file(skill, read_files(skill.folder), "eval", name)
    return example_tables.rows(skill.folder / name, content)


def _decode(path: Path, content: bytes | None) -> str:
    if content is None:
        raise skill_error(path, None, "there is no such file", "`mcp-smalltools skills new NAME` writes one.")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise skill_error(path, line, "it is not UTF-8", "Save it as UTF-8.") from None


def _validate_file(path: Path, text: str) -> SkillFile:
    try:
        found = load_toml(text)
    except TOMLRefused as error:
        raise skill_error(path, None, str(error), "Write it shorter.") from None
    except RecursionError:
        raise skill_error(path, None, "it is nested too deeply", "Flatten it.") from None
    except tomllib.TOMLDecodeError as error:
        said = str(error).partition(" (at ")[0]
        raise skill_error(path, line_of_syntax_error(str(error), text), said) from None
    try:
        return _ADAPTER.validate_python(found)
    except ValidationError as error:
        first = error.errors()[0]
        kind = found.get("kind")
        place = tuple(part for number, part in enumerate(first["loc"]) if (number, part) != (0, kind))
        raise skill_error(
            path, line_of(text, place or ("kind",)), _validation_message(first, place)
        ) from None


def _validation_message(error: Mapping[str, Any], place: tuple[str | int, ...]) -> str:
    # pydantic adds the branch of a union that it tried, which is no part of the file.
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


def _named_file(skill: Skill, files: Mapping[str, bytes], key: str, name: str) -> bytes:
    """The content of a file that the skill.toml names."""
    inside = PurePosixPath(name.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts:
        raise skill.error(key, f"{name!r} is not in the skill's folder", "Put the file there.")
    if (content := files.get(inside.as_posix())) is None:
        raise skill.error(key, f"there is no file {name!r} in the skill's folder", "Put it there.")
    return content


def _examples(skill: Skill, files: Mapping[str, bytes], name: str) -> tuple[SkillExample, ...]:
    path = skill.folder / name
    examples = []
    for row in example_tables.rows(path, _named_file(skill, files, "examples", name)):
        try:
            examples.append(SkillExample.model_validate({key: row.values[key] for key in ("text", "label")}))
        except (KeyError, ValidationError):
            remedy = 'Give text and label: label<TAB>text in .tsv, {"text": …, "label": …} in .jsonl.'
            raise skill_error(path, row.line, "it is not an example", remedy) from None
    return tuple(examples)


def _schema(skill: Skill, files: Mapping[str, bytes], name: str) -> Mapping[str, Any]:
    content = _decode(skill.folder / name, _named_file(skill, files, "schema", name))
    try:
        found = json.loads(content)
    except json.JSONDecodeError as error:
        raise skill_error(skill.folder / name, error.lineno, error.msg) from None
    if not isinstance(found, dict):
        raise skill_error(skill.folder / name, 1, "it is not a JSON schema", "It has to be an object.")
    return cast("Mapping[str, Any]", found)
