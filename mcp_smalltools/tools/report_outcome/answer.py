"""Arguments and answer of `report_outcome`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mcp_smalltools import result
from mcp_smalltools.stores.outcomes import Verdict
from mcp_smalltools.tools import base

MAX_EXAMPLES = 200


class Labelled(BaseModel):
    """An item with its right label."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1, max_length=4_000)
    label: str = Field(min_length=1, max_length=200)


class ReportOutcomeArguments(base.Arguments):
    call_id: str = Field(min_length=1, max_length=64, description="`call_id` of the answer")
    verdict: Verdict = Field(description="right, partly or wrong")
    correction: str = Field(
        "", max_length=4_000, description="what the right answer would have been, in a few words or as JSON"
    )
    examples: list[Labelled] = Field(
        default_factory=list,
        max_length=MAX_EXAMPLES,
        description="for classify: items whose label was wrong, with the right label",
    )

    writes: ClassVar[bool] = True

    @property
    def cacheable(self) -> bool:
        return False


class ReportOutcomeAnswer(result.Answer):
    tool: str = Field(description="tool that gave the answer")
    replaced: bool = Field(description="true: an earlier report on the same answer was replaced")
