"""Arguments and answer of `classify`."""

from __future__ import annotations

import json
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mcp_smalltools import result
from mcp_smalltools.tools import base
from mcp_smalltools.tools.classify.labels import MAX_LABELS

MAX_ITEMS = 10_000

MAX_PATHS = 1_000

MAX_EXAMPLES = 10_000


class Example(BaseModel):
    """A text whose label is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1)
    label: str


class ClassifyArguments(base.Arguments):
    """What `classify` takes: `items` or `paths`, and `labels` or a `question`."""

    items: list[str] = Field(
        default_factory=list, max_length=MAX_ITEMS, description="texts to classify; or give paths"
    )
    paths: list[str] = Field(
        default_factory=list,
        max_length=MAX_PATHS,
        description="files to classify by their content; or give items",
    )
    lines: bool = Field(False, description="true: each line of the files is an item, not each file")
    labels: list[str] = Field(
        default_factory=list,
        description=f'2 to {MAX_LABELS}, each "name" or "name: what belongs there"; "other" takes the rest; '
        "or give question",
    )
    question: str = Field(
        "",
        max_length=500,
        description="in place of labels: a question about each item with the answer yes or no; "
        "examples are then labelled yes and no",
    )
    examples: list[Example] = Field(
        default_factory=list,
        max_length=MAX_EXAMPLES,
        description="texts whose label you know; 3 to 10 for each label make the answers much better",
    )
    instructions: str = Field(
        "", max_length=500, description="a few words that say what the texts are, such as: messages to a bank"
    )
    multiple: bool = Field(
        False,
        description="true: a text may have several labels; each result then lists them in `labels`",
    )
    distribution: bool = Field(False, description="true: each result also has the probability of every label")
    export_path: str = Field(
        "",
        max_length=255,
        description="file name in the output folder: gets all items and results, one JSON object a line",
    )

    writes: ClassVar[bool] = True

    @property
    def cacheable(self) -> bool:
        return not self.export_path

    @property
    def task(self) -> str | None:
        asked = {"question": self.question} if self.question.strip() else {"labels": self.labels}
        return json.dumps(asked, ensure_ascii=False)


class ItemResult(result.Record):
    """The answer for one item."""

    path: result.FileName | None = Field(None, description="the file, where paths were given")
    line: int | None = Field(None, description="its number, where lines were asked for")
    text: result.FileText | None = Field(None, description="the line, where a question was asked of lines")
    label: str = Field(description='one of the labels, or "none of these"; of a question yes or no')
    probability: float | None = Field(
        None, ge=0, le=1, description="of yes, calibrated, where a question was asked: ranks and filters"
    )
    labels: list[str] | None = Field(None, description="with `multiple`: all labels that fit, the best first")
    confidence: float | None = Field(
        None,
        ge=0,
        le=1,
        description="calibrated probability that the label is right; absent where none was measured",
    )
    runner_up: str | None = Field(None, description="the second best label")
    probabilities: dict[str, float] | None = Field(
        None, description="with `distribution`: of each label, the best one's is the confidence"
    )
    escalate: bool = Field(description="true: decide this one yourself")
    reason: str | None = Field(None, description="why to escalate")


class Export(result.Record):
    """The file that was written."""

    path: str
    lines: int


class ClassifyAnswer(result.Answer):
    """What `classify` gives."""

    shrinkable: ClassVar[tuple[str, ...]] = ("results",)

    results: list[ItemResult] = Field(
        description="one for each item, in their order; of a question about lines the likeliest, best first"
    )
    counts: dict[str, int] | None = Field(None, description="number of items for each label, over all items")
    export: Export | None = None
