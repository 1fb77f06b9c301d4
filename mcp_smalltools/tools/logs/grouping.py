"""Which shapes are one event, and what varies in it.

Input: the distinct shapes of a log (see masking), each with the number of its records. Output: templates.
Nothing is configured and nothing depends on the order of the input.

1. Shapes with equally many tokens and enough constant words in common are candidates for one event.
2. Where candidates differ, the slot is judged by evidence: how many different values, whether they look like
   identifiers or like words, what stands before them, whether the rest of the line changes with them. A slot
   that tells events apart ("opened", "closed") splits the candidates; the others become variables.
3. A template that describes another one, with a value of several tokens, takes it in.

The score of a slot is one function (`slot_score`), in nats of evidence for "variable".
The ideas of candidates by common words and of describing templates are Brain's (Yu et al., INFOCOM 2023) and
PIPLUP's (Qin et al., arXiv:2508.09366); the evidence is our own.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mcp_smalltools.tools.logs.masking import MARK_CLASS, VAR
from mcp_smalltools.tools.logs.variables import Slots

_TOKEN = re.compile(rf"( ?)({MARK_CLASS}|{VAR}|(?:[^\W\ue000-\ue0ff]|[-.$/@](?=[^\W\ue000-\ue0ff]))+|\S)")
_MARK = re.compile(MARK_CLASS)
_WORD = re.compile(r"[^\W\d_]")
_PLAIN = re.compile(r"[A-Z]?[a-z]+(?:'[a-z]+)?|[A-Z]{2,}|[a-z]+-[a-z]+")
_BEFORE_A_VALUE = frozenset(
    [
        "for",
        "from",
        "to",
        "by",
        "user",
        "host",
        "file",
        "at",
        "on",
        "in",
        "of",
        "name",
        "named",
        "called",
        "as",
        "with",
        "via",
        "server",
        "client",
        "node",
        "device",
        "module",
        "service",
        "package",
        "class",
        "table",
        "key",
        "id",
        "path",
        "directory",
        "dir",
        "interface",
        "session",
        "thread",
        "process",
        "command",
        "port",
        "address",
        "domain",
        "group",
        "account",
    ]
)
_EVENT_WORD = re.compile(r".{2,}(?:ed|ing|ion|able|ful|ment|ure|s)")


@dataclass(slots=True)
class Template:
    """One event: its text, with VAR for each variable, and the shapes that belong to it."""

    text: str
    members: list[int]
    tokens: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    """A distinct token sequence (all types of variables alike), with the shapes that have it."""

    tokens: tuple[str, ...]
    text: str
    weight: int
    members: list[int] = field(default_factory=list)


def tokens_of(text: str) -> tuple[str, ...]:
    """Words (with inner dots, dashes and slashes), marks and single signs; all marks become VAR."""
    return tuple(VAR if _MARK.fullmatch(word) else word for _, word in _TOKEN.findall(text))


def group(shapes: Sequence[str], counts: Sequence[int]) -> list[Template]:
    """Group shapes to templates. Every shape is a member of exactly one."""
    nodes = _nodes(shapes, counts)
    by_length: dict[tuple[int, str], list[_Node]] = defaultdict(list)
    for node in nodes:
        by_length[len(node.tokens), _skeleton(node.tokens)].append(node)
    known = Counter(word for node in nodes for word in set(node.tokens))
    groups = [
        leaf
        for bucket in by_length.values()
        for candidates in _candidates(bucket)
        for leaf in _split(candidates, known)
    ]
    return _merge_described([_template(leaf) for leaf in groups])


def _nodes(shapes: Sequence[str], counts: Sequence[int]) -> list[_Node]:
    found: dict[tuple[str, ...], _Node] = {}
    heaviest: dict[tuple[str, ...], int] = {}
    for number, (text, count) in enumerate(zip(shapes, counts, strict=True)):
        tokens = tokens_of(text)
        node = found.setdefault(tokens, _Node(tokens, text, 0))
        node.weight += count
        node.members.append(number)
        if count > heaviest.get(tokens, -1):
            heaviest[tokens] = count
            node.text = text
    return sorted(found.values(), key=lambda node: (-node.weight, node.tokens))


def _skeleton(tokens: tuple[str, ...]) -> str:
    """The signs of a line in order: events differ in them, values of one word don't."""
    return "".join(token for token in tokens if len(token) == 1 and not token.isalnum() and token != VAR)


def _is_word(token: str) -> bool:
    return token != VAR and _WORD.search(token) is not None


def _candidates(bucket: list[_Node]) -> list[list[_Node]]:
    """Clusters of nodes that share at least half of their words, position by position."""
    clusters: list[list[_Node]] = []
    words_of: list[list[set[str]]] = []
    index: dict[tuple[int, str], set[int]] = defaultdict(set)
    for node in bucket:
        words = [(place, token) for place, token in enumerate(node.tokens) if _is_word(token)]
        votes: Counter[int] = Counter()
        for place_token in words:
            votes.update(index.get(place_token, ()))
        best = _most_similar(node, words, votes, words_of)
        if best is None:
            best = len(clusters)
            clusters.append([])
            words_of.append([set() for _ in node.tokens])
        clusters[best].append(node)
        for place, token in enumerate(node.tokens):
            words_of[best][place].add(token)
        for place_token in words:
            index[place_token].add(best)
    return clusters


def _most_similar(
    node: _Node, words: list[tuple[int, str]], votes: Counter[int], words_of: list[list[set[str]]]
) -> int | None:
    best, best_score = None, 0.0
    for cluster, common in votes.most_common(8):
        there = words_of[cluster]
        slots = sum(1 for place, token in enumerate(node.tokens) if VAR in there[place] or token == VAR)
        total = len(words) or 1
        score = (common + 0.5 * min(slots, 2) * (common >= 2)) / (total + 0.5 * min(slots, 2) * (common >= 2))
        if score > best_score:
            best, best_score = cluster, score
    return best if best_score >= 0.5 else None


def _split(nodes: list[_Node], known: Mapping[str, int]) -> Iterable[list[_Node]]:
    """Split candidates at the slot that most looks as if it told events apart; none left: one event."""
    if len(nodes) == 1:
        yield nodes
        return
    places = [
        place for place in range(len(nodes[0].tokens)) if len({node.tokens[place] for node in nodes}) > 1
    ]
    scores = {place: slot_score(nodes, place, len(places), known) for place in places}
    worst = min(places, key=lambda place: (scores[place], place))
    words = sum(1 for token in nodes[0].tokens if _is_word(token))
    constant = sum(
        1 for place, token in enumerate(nodes[0].tokens) if place not in scores and _is_word(token)
    )
    if scores[worst] >= 0 and (
        constant >= 0.4 * words or constant >= 3 or all(s >= 2 for s in scores.values())
    ):
        yield nodes
        return
    parts: dict[str, list[_Node]] = defaultdict(list)
    for node in nodes:
        parts[node.tokens[worst]].append(node)
    for part in parts.values():
        yield from _split(part, known)


def slot_score(nodes: list[_Node], place: int, differing: int, known: Mapping[str, int]) -> float:
    """Evidence, in nats, that the slot at `place` holds a variable of one event rather than tells events
    apart.

    `differing` is the number of slots in which these nodes differ; `known` says in how many token sequences
    of the log each word occurs.
    """
    values = {node.tokens[place] for node in nodes}
    words = values - {VAR}
    if not words:
        return 9.0
    tokens = nodes[0].tokens
    score = -1.8 + 0.9 * math.log2(len(values) / 2 + 0.5)
    identifiers = sum(1 for word in words if not _PLAIN.fullmatch(word)) / len(words)
    score += 2.5 * identifiers
    if VAR in values:
        score += 1.5
    score += _context_score(tokens, place)
    events = sum(1 for word in words if _EVENT_WORD.fullmatch(word) and _PLAIN.fullmatch(word)) / len(words)
    score -= 1.0 * events
    # A value that occurs in many other lines as a word of the message is rather a word of this one too.
    inside = Counter(node.tokens[place] for node in nodes)
    elsewhere = sum(1 for word in words if known.get(word, 0) > inside[word]) / len(words)
    score -= 0.8 * elsewhere
    if differing > 1:
        score += _independence(nodes, place) - 0.4 * (differing - 1)
    return score


def _context_score(tokens: tuple[str, ...], place: int) -> float:
    before = tokens[place - 1] if place else ""
    after = tokens[place + 1] if place + 1 < len(tokens) else ""
    score = 0.0
    if before == "=":
        score += 3.0
    elif before in {":", "#", "@"}:
        score += 1.0
    elif (
        before and before in "[(<{\"'`" and after and after in "])>}\"'`"
    ) or before.lower() in _BEFORE_A_VALUE:
        score += 1.5
    if not any(_is_word(token) for token in tokens[:place]):
        score -= 1.0  # messages start with words of their own
    if after in {"=", ":"}:
        score -= 1.5  # a key
    return score


def _independence(nodes: list[_Node], place: int) -> float:
    """Do the other slots vary within one value of this one? Then values recur freely: a variable, or a
    word of an event that has variables elsewhere. Weak evidence for the second when values are few."""
    repeats = Counter(node.tokens[place] for node in nodes)
    recurring = sum(1 for count in repeats.values() if count > 1) / len(repeats)
    return -1.2 * recurring if len(repeats) <= 4 else 0.0


def _template(nodes: list[_Node]) -> Template:
    members = [member for node in nodes for member in node.members]
    varying = [len({node.tokens[place] for node in nodes}) > 1 for place in range(len(nodes[0].tokens))]
    parts = []
    for (space, word), varies in zip(_TOKEN.findall(nodes[0].text), varying, strict=True):
        parts.append(space + (VAR if varies or _MARK.fullmatch(word) else word))
    text = "".join(parts)
    return Template(text, members, tokens_of(text))


def _merge_described(templates: list[Template]) -> list[Template]:
    """Let a template take in those that it describes when a variable may span several tokens."""
    texts: dict[str, Template] = {}
    for template in templates:
        same = texts.get(template.text)
        if same is None:
            texts[template.text] = template
        else:
            same.members.extend(template.members)
    by_word: dict[str, list[Template]] = defaultdict(list)
    for template in texts.values():
        for word in set(template.tokens):
            if _is_word(word):
                by_word[word].append(template)
    taken: set[str] = set()
    for template in sorted(texts.values(), key=lambda item: (len(item.tokens), item.text)):
        words = {token for token in template.tokens if _is_word(token)}
        if VAR not in template.tokens or len(words) < 2 or template.text in taken:
            continue
        rarest = min(words, key=lambda word: len(by_word[word]))
        slots = Slots(template.text)
        for other in by_word[rarest]:
            if other is template or other.text in taken or len(other.tokens) < len(template.tokens):
                continue
            extra = sum(1 for token in other.tokens if _is_word(token)) - len(template.tokens)
            if words <= set(other.tokens) and extra <= 4 and slots.values(other.text) is not None:
                template.members.extend(other.members)
                taken.add(other.text)
    return [template for template in texts.values() if template.text not in taken]
