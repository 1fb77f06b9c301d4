"""The features of a slot and of a gap, from which the judge says whether it is a parameter.

A slot is a place at which equally long token sequences differ; a gap is what differs between a common start
and a common end, in sequences of any length. Values are token sequences too: of one token in a slot, of none
to several in a gap. `SLOT_FEATURES` and `GAP_FEATURES` name the numbers in their order.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from mcp_smalltools.logs.judge.lexicon import END, START, Lexicon
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.objects import unmatched
from mcp_smalltools.logs.message.tokenize import Tokens, is_word

Value = Tokens
_PLAIN = re.compile(r"[A-Z]?[a-z]+(?:'[a-z]+)?|[A-Z]{2,}|[a-z]+-[a-z]+")
_MOST = 40
"""Values of a slot whose words are examined: those with the most lines."""
_ENOUGH = 100
"""Lines that a value counts for at most: more say nothing about what it is."""
OPENING, CLOSING = "[(<{\"'`", "])>}\"'`"

_CONTEXT = """
variable_after_previous previous_count variable_before_next next_count around_count
previous_is_equals previous_is_colon enclosed next_is_assignment next_is_end
previous_is_start previous_is_variable next_is_variable previous_is_word next_is_word previous_is_comma
""".split()
_LOOKS = """
values_log lines_log lines_per_value_log entropy top_share
has_variable variable_share has_empty word_share
identifier_share capitalised_share upper_share lower_share length_log
common_start common_end suffix_share
tokens_range tokens_mean tokens_least elsewhere_mean elsewhere_least
""".split()
_LEXICAL = ("word_mean", "word_least", "pairs_inside", "pair_before", "pair_after")
_VALUES = (
    *_LOOKS,
    *(f"{name}_average" for name in _LEXICAL),
    *(f"{name}_minimum" for name in _LEXICAL),
    *(f"{name}_maximum" for name in _LEXICAL[:3]),
)
_FRAME = """
frame_words_log frame_variables_log frame_word_share words_before_log words_after_log
no_word_before slots_log frame_tokens_log
""".split()
_DEPENDENCE = """
repeated_values_share sequences_log values_share
free_of_others_most free_of_others_least repeated_pairs_most
""".split()
_SPREAD = """
first_tokens_share last_tokens_share lengths_share variable_weight has_assignment unmatched_share
""".split()
_ASSIGNED = ("continues_equals", "continues_colon", "assignment_follows")

SLOT_FEATURES = (*_CONTEXT, *_VALUES, *_FRAME, *_DEPENDENCE, *_ASSIGNED)
"""Names of what `slot_features` gives, in order."""
GAP_FEATURES = (*_CONTEXT, *_VALUES, *_FRAME, *_SPREAD, *_ASSIGNED)
"""Names of what `gap_features` gives, in order."""


def _context(before: str, after: str, lexicon: Lexicon) -> list[float]:
    """The tokens around a slot; START and END where there are none."""
    return [
        lexicon.before(before),
        lexicon.word(before),
        lexicon.after(after),
        lexicon.word(after),
        lexicon.around(before, after),
        float(before == "="),
        float(before == ":"),
        float(before in OPENING and after in CLOSING),
        float(after in "=:"),
        float(after == END),
        float(before == START),
        float(before == VAR),
        float(after == VAR),
        float(is_word(before)),
        float(is_word(after)),
        float(before == ","),
    ]


def _values(
    values: Mapping[Value, int], before: str, after: str, lexicon: Lexicon, known: Mapping[str, int]
) -> list[float]:
    """What the values look like. `values` has the weight of each (lines), `known` in how many token sequences
    of the log each word occurs.

    A weight is 0 where a value was only seen inside records of the baseline: it counts as one line.
    """
    if not all(values.values()):
        values = {value: max(1, weight) for value, weight in values.items()}
    total = sum(values.values())
    count = len(values)
    top = max(values.values())
    entropy = -sum(weight / total * math.log(weight / total) for weight in values.values())
    shown = sorted(values, key=lambda value: (-values[value], value))[:_MOST]
    words = [value for value in shown if any(is_word(token) for token in value)]
    texts = [" ".join(value) for value in words]
    several = len(words) or 1
    lengths = [len(value) for value in values]
    lexical = [_lexical(value, before, after, lexicon) for value in words]
    columns = list(zip(*lexical, strict=True)) if lexical else [(0.0,)] * 5
    start, end = _shared(texts)
    elsewhere = [math.log1p(min(known.get(token, 0) for token in value if is_word(token))) for value in words]
    return [
        math.log2(count),
        math.log1p(total),
        math.log1p(total / count),
        entropy / math.log(count) if count > 1 else 0.0,
        top / total,
        float((VAR,) in values),
        sum(VAR in value for value in shown) / len(shown),
        float(() in values),
        len(words) / len(shown),
        sum(not all(_PLAIN.fullmatch(token) for token in value if is_word(token)) for value in words)
        / several,
        sum(text[:1].isupper() and not text.isupper() for text in texts) / several,
        sum(text.isupper() and len(text) > 1 for text in texts) / several,
        sum(text.islower() for text in texts) / several,
        math.log1p(sum(map(len, texts)) / several),
        start,
        end,
        sum(text.endswith(("ed", "ing", "ion", "able", "ful")) for text in texts) / several,
        max(lengths) - min(lengths),
        sum(lengths) / count,
        float(min(lengths)),
        sum(elsewhere) / several,
        min(elsewhere, default=0.0),
        *(sum(column) / len(column) for column in columns),
        *(min(column) for column in columns),
        *(max(column) for column in columns[:3]),
    ]


def _lexical(
    value: Value, before: str, after: str, lexicon: Lexicon
) -> tuple[float, float, float, float, float]:
    """How much a value looks like words of a statement: its words, the pairs in it, and those at its ends."""
    scores = [lexicon.word(token) for token in value if is_word(token)]
    inside = [lexicon.pair(*pair) for pair in itertools.pairwise(value)] or [0.0]
    return (
        sum(scores) / len(scores),
        min(scores),
        sum(inside) / len(inside),
        lexicon.pair(before, value[0]) if before != VAR else lexicon.after(value[0]),
        lexicon.pair(value[-1], after) if after != VAR else lexicon.before(value[-1]),
    )


def _shared(texts: Sequence[str]) -> tuple[float, float]:
    """Shares of the shortest text that all start and end with."""
    if len(texts) < 2:
        return 0.0, 0.0
    shortest = min(map(len, texts))
    return _common(texts) / shortest, _common([text[::-1] for text in texts]) / shortest


def _common(texts: Sequence[str]) -> int:
    """How many characters all texts start with: what the first and the last in order have in common."""
    first, last = min(texts), max(texts)
    return next((at for at, sign in enumerate(first) if sign != last[at]), len(first))


def _frame(tokens: Sequence[str], varying: int, place: int) -> list[float]:
    """What surrounds the slot: `tokens` is the frame, with VAR in other slots, the slot at `place`."""
    words = sum(1 for token in tokens if is_word(token))
    variables = sum(1 for token in tokens if token == VAR)
    before = sum(1 for token in tokens[:place] if is_word(token))
    return [
        math.log1p(words),
        math.log1p(variables),
        words / (words + variables + varying) if words else 0.0,
        math.log1p(before),
        math.log1p(words - before),
        float(before == 0),
        math.log1p(varying),
        math.log1p(len(tokens)),
    ]


def slot_features(
    weighted: Sequence[tuple[Tokens, int]],
    place: int,
    places: Sequence[int],
    known: Mapping[str, int],
    lexicon: Lexicon,
) -> list[float]:
    """The features of one place at which equally long token sequences, each with its weight, differ."""
    others = set(places) - {place}
    tokens = [item for item, _ in weighted]
    frame = [VAR if at in others else token for at, token in enumerate(tokens[0])]
    before, after = _around(frame, place)
    values: Counter[Value] = Counter()
    for item, weight in weighted:
        values[(item[place],)] += min(weight, _ENOUGH)
    frame[place] = VAR
    return [
        *_context(before, after, lexicon),
        *_values(values, before, after, lexicon, known),
        *_frame(frame, len(places), place),
        *_dependence(tokens, place, others, len(values)),
        *_assigned(frame[:place], frame[place + 1 :]),
    ]


def gap_features(
    head: Tokens, tail: Tokens, values: Mapping[Value, int], known: Mapping[str, int], lexicon: Lexicon
) -> list[float]:
    """The features of the gap between `head` and `tail`, which holds these values."""
    before, after = head[-1] if head else START, tail[0] if tail else END
    values = {value: min(weight, _ENOUGH) for value, weight in values.items()}
    firsts = Counter(value[0] if value else "" for value in values)
    lasts = Counter(value[-1] if value else "" for value in values)
    return [
        *_context(before, after, lexicon),
        *_values(values, before, after, lexicon, known),
        *_frame((*head, VAR, *tail), 1, len(head)),
        len(firsts) / len(values),
        len(lasts) / len(values),
        len({len(value) for value in values}) / len(values),
        sum(weight for value, weight in values.items() if value == (VAR,)) / sum(values.values()),
        float(any(token in "=:" for value in values for token in value)),
        sum(bool(unmatched(value)) for value in values) / len(values),
        *_assigned(head, tail),
    ]


def _assigned(head: Sequence[str], tail: Sequence[str]) -> list[float]:
    """Does the slot go on a value after `key=` or `: `, and does another `key=` follow?"""
    sign = head[-2] if len(head) > 1 and head[-1] == VAR else ""
    return [float(sign == "="), float(sign == ":"), float(len(tail) > 1 and tail[1] == "=")]


def _around(tokens: Sequence[str], place: int) -> tuple[str, str]:
    return tokens[place - 1] if place else START, tokens[place + 1] if place + 1 < len(tokens) else END


def _dependence(tokens: Sequence[Tokens], place: int, others: Iterable[int], count: int) -> list[float]:
    """Whether this slot and the others determine each other: values of one event vary freely, words of
    several events go together.
    """
    repeats = Counter(item[place] for item in tokens)
    free, repeated = [], []
    for other in others:
        pairs = len({(item[place], item[other]) for item in tokens})
        there = len({item[other] for item in tokens})
        repeated.append((len(tokens) - pairs) / max(1, len(tokens) - 1))
        free.append((pairs - max(count, there)) / max(1, len(tokens) - 1))
    recurring = sum(1 for number in repeats.values() if number > 1) / len(repeats)
    return [
        recurring,
        math.log1p(len(tokens)),
        count / len(tokens),
        max(free, default=0.0),
        min(free, default=0.0),
        max(repeated, default=0.0),
    ]
