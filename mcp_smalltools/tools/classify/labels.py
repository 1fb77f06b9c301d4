"""The caller's labels: their names in words, and the one that means none of the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mcp_smalltools.errors import UsageError
from mcp_smalltools.text.words import spaced_name

MAX_LABELS = 500
NONE_OF_THESE = "none of these"
YES, NO = "yes", "no"

# After a letter or another sign of a name, such as C++ and C#.
_PLUS = re.compile(r"(?<=[A-Za-z+])\+")
_SHARP = re.compile(r"(?<=[A-Za-z])#")

_NONE_NAMES = frozenset(
    (
        *("none", "none of these", "none of the above", "no label", "other", "others", "anything else"),
        *("something else", "misc", "miscellaneous", "unknown", "unrelated", "irrelevant", "not applicable"),
        *("n a", "oos", "out of scope", "out of domain"),
    )
)


@dataclass(frozen=True, slots=True)
class Label:
    """A label as the caller gave it: `name` is what the answer says, `text` is what the encoder reads.

    `described`: the caller said what belongs there.
    """

    name: str
    text: str
    described: bool = False


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Labels to choose from; `none_name` is how the caller wants to read that nothing fits. `question` is
    the one whose answers yes and no are; "" where the caller named labels.
    """

    labels: tuple[Label, ...]
    none_name: str = NONE_OF_THESE
    question: str = ""

    @property
    def names(self) -> list[str]:
        return [label.name for label in self.labels]


def parse_labels(given: Sequence[str]) -> LabelSet:
    """Read `name` or `name: description`. A label that means "something else" is set apart.

    Raises UsageError for no label, one label, an empty one, the same one twice, or too many.
    """
    labels = [_parse(text) for text in given]
    if not labels:
        raise UsageError("There are no labels.", remedy='Give at least two, such as ["bug", "question"].')
    if any(not label.name for label in labels):
        raise UsageError("One of the labels is empty.", remedy="Remove it, or give it a name.")
    counts = Counter(_in_words(label.name) for label in labels)
    repeated = sorted({label.name for label in labels if counts[_in_words(label.name)] > 1})
    if repeated:
        raise UsageError(f"Labels are given more than once: {', '.join(repeated)}.", remedy="Give each once.")
    if len(labels) > MAX_LABELS:
        raise UsageError(
            f"{len(labels)} labels are too many; the limit is {MAX_LABELS}.",
            remedy="Classify into broad labels first, then into finer ones within each.",
        )
    none = next((label for label in labels if spaced_name(label.name) in _NONE_NAMES), None)
    # Sorted, so that the order in which labels are given can't change an answer.
    choices = tuple(sorted((label for label in labels if label is not none), key=lambda label: label.text))
    if len(labels) < 2:
        raise UsageError(
            f"There is only one label, {labels[0].name!r}.",
            remedy='Give at least two to choose from; "other" may be one of them.',
        )
    return LabelSet(choices, none.name if none else NONE_OF_THESE)


def labels_of_question(question: str) -> LabelSet:
    """Yes and no as labels; "yes" is read as the question."""
    labels = sorted(
        (Label(YES, question.strip().rstrip("?"), True), Label(NO, "something else", True)),
        key=lambda label: label.text,
    )
    return LabelSet(tuple(labels), NO, question.strip())


def _parse(text: str) -> Label:
    name, colon, description = (part.strip() for part in text.partition(": "))
    if not colon:
        name = text.strip()
    words = _in_words(name)
    return Label(name, f"{words}: {description}" if description else words, bool(description))


def _in_words(name: str) -> str:
    """`cardPayment_failed` as `card payment failed`; C, C++ and C# stay three names."""
    spelled = _PLUS.sub(" plus", name)
    return spaced_name(_SHARP.sub(" sharp", spelled))
