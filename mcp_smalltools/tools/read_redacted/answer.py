"""Arguments and answer of `read_redacted`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from mcp_smalltools import result
from mcp_smalltools.result import FileText
from mcp_smalltools.tools import base

MOST_LINES = 2000
"""Lines of one answer at most."""


class ReadRedactedArguments(base.Arguments):
    path: str = Field(description="file to read")
    start: int = Field(1, ge=1, description="first line, 1-based")
    end: int | None = Field(None, ge=1, description=f"last line, included; default: start + {MOST_LINES - 1}")

    export_path: str = Field(
        "",
        max_length=255,
        description="of a picture: file name in the output folder, ended by .png; gets a copy with "
        "what is masked painted over",
    )

    writes: ClassVar[bool] = True

    @property
    def cacheable(self) -> bool:
        return not self.export_path

    @model_validator(mode="after")
    def _in_order(self) -> ReadRedactedArguments:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        return self


class ReadRedactedAnswer(result.Answer):
    shrinkable: ClassVar[tuple[str, ...]] = ("lines",)

    start: int = Field(description="line number of the first of `lines`")
    lines: list[FileText] = Field(
        description="secrets masked as <SECRET_1>; the same value gets the same placeholder"
    )
    of: int | None = Field(
        None, description="number of lines in the file; absent if it was not read to the end"
    )
    export: str | None = Field(None, description="the masked copy of the picture")
