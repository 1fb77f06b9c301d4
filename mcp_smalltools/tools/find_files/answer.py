"""Arguments and answer of `find_files`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.result import FileName, FileText
from mcp_smalltools.tools import base


class FindFilesArguments(base.Arguments):
    """What `find_files` takes."""

    query: str = Field(
        min_length=1, max_length=500, description="what the files are about, in words, names or a question"
    )
    path: str = Field("", description="folder to search; default: all roots")
    glob: str = Field(
        "", max_length=200, description='only these files, as in .gitignore: "*.py", "src/**/*.ts"'
    )
    limit: int = Field(10, ge=1, le=50, description="most files to return")


class FoundFile(result.Record):
    """A file, and the lines in it that fit the query best."""

    path: FileName
    start: int | None = Field(None, description="first line of the passage, 1-based")
    end: int | None = Field(None, description="last line, included")
    inside: FileText | None = Field(None, description="the definition or heading that the passage belongs to")
    text: FileText | None = Field(None, description="the passage, verbatim")
    box: list[int] | None = Field(
        None, description="of a picture: page, then left, top, right, bottom of these lines in pixels"
    )


class FindFilesAnswer(result.Answer):
    """What `find_files` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("files",)

    files: list[FoundFile] = Field(default_factory=list, description="best first")
