"""Arguments and answer of `find_files`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mcp_smalltools import result
from mcp_smalltools.result import FileText
from mcp_smalltools.tools import base


class FindFilesArguments(base.Arguments):
    """What `find_files` takes."""

    query: str = Field(
        min_length=1, max_length=500, description="what the files are about: words, names, a question"
    )
    path: str = Field("", description="folder to search; default: all folders that may be read")
    glob: str = Field(
        "", max_length=200, description='only these files, as in .gitignore: "*.py", "src/**/*.ts"'
    )
    limit: int = Field(10, ge=1, le=50, description="files to return")


class FoundFile(result.Record):
    """A file, and the lines in it that fit best."""

    path: str
    start: int | None = Field(None, description="first line of the passage")
    end: int | None = None
    inside: FileText | None = Field(None, description="definition or heading that the passage is in")
    text: FileText | None = Field(None, description="the passage")


class FindFilesAnswer(result.Answer):
    """What `find_files` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("files",)

    files: list[FoundFile] = Field(default_factory=list, description="best first")
