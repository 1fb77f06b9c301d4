"""The output of the service: one answer of one tool, made of small typed records.

A tool's answer is a subclass of `Answer`. Four markers on its fields tell the service what a string is:

- `FileText`: text of the user's file. Redacted under `redacted`, removed under `sealed`.
- `MaskedText`: text of the file in which every variable is masked. Redacted, too, but allowed under `sealed`.
- `FileName`: the path of a file, which anybody may have named. Escaped, on one line, and redacted.
- no marker: written by code, or the caller's own words. Not changed.

A marker holds for all strings below its field, so it can be used on lists and mappings.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
)


class TextOfFile:
    """Marker: strings here are text of a file."""

    def __init__(self, *, masked: bool = False, name: bool = False) -> None:
        self.masked = masked
        self.name = name


FileText = Annotated[str, TextOfFile()]
MaskedText = Annotated[str, TextOfFile(masked=True)]
FileName = Annotated[str, TextOfFile(name=True)]


class Record(BaseModel):
    """Base of every record in an answer: unknown fields are errors, `None` fields are not in the JSON."""

    model_config = ConfigDict(extra="forbid")

    @model_serializer(mode="wrap")
    def _without_absent_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Not `exclude_none`: that would also remove the nulls inside free-form JSON, which mean something.
        return {name: value for name, value in handler(self).items() if value is not None}


class Source(Record):
    """What was read to make the answer."""

    path: FileName = Field(description="path as the caller gave it")
    lines: int | None = Field(None, description="lines in the file; absent if it was not read to the end")
    bytes: int = Field(description="bytes on disk")


class Span(Record):
    """Lines of a file, verbatim."""

    start: int = Field(description="first line, 1-based, in the original file")
    end: int = Field(description="last line, included")
    text: FileText = ""
    box: list[int] | None = Field(
        None, description="of a picture: page, then left, top, right, bottom of these lines in pixels"
    )


class Answer(Record):
    """Base of every tool's answer. The tool fills its own fields and, where they apply, these.

    `call_id` is filled by the service, and `source` where the tool has not (one that opens dozens of files
    names their folder). `shrinkable` names the list fields that may be cut from their end to fit the size
    cap, the least valuable first; what was cut is counted in `dropped`.
    """

    shrinkable: ClassVar[tuple[str, ...]] = ()

    call_id: str = Field("", description="identifies this answer in report_outcome and in the ledger")
    confidence: float | None = Field(
        None,
        ge=0,
        le=1,
        description="calibrated probability that the answer is right; absent where none was measured",
    )
    escalate: bool = Field(
        False, description="true: don't rely on this answer, do the work yourself; `reason` says why"
    )
    reason: str | None = None
    dropped: dict[str, int] = Field(default_factory=dict, description="counts of what was left out")
    source: list[Source] = Field(default_factory=list)
    model: str | None = Field(
        None, description="model and adapter that took part; absent where code alone answered"
    )
    note: str | None = Field(None, description="how to get the rest, or what to know before acting on it")

    _lasting: bool = PrivateAttr(True)
    _masked: bool = PrivateAttr(False)

    def mark_masked(self) -> None:
        """What may not leave was masked where the answer was made."""
        self._masked = True

    @property
    def masked(self) -> bool:
        return self._masked

    def only_now(self) -> None:
        """Keep the answer out of the cache: it depends on more than the files that were opened for it."""
        self._lasting = False

    @property
    def lasting(self) -> bool:
        return self._lasting

    def structured(self) -> dict[str, Any]:
        """The JSON object that the agent gets."""
        return self.model_dump(mode="json")
