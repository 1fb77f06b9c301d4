"""Lines of logging statements that are known beforehand: they need no judgement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mcp_smalltools.logs.judge.known_templates import StatementIndex, StatementMatch
from mcp_smalltools.logs.message.masking import VAR
from mcp_smalltools.logs.message.parameters import TemplateMatcher
from mcp_smalltools.logs.message.tokenize import text_of
from mcp_smalltools.logs.templates.token_sequences import TokenSequence

Known = list[tuple[StatementMatch, TokenSequence]]
Key = tuple[str, int]


def match_statements(
    sequences: Sequence[TokenSequence], statements: StatementIndex
) -> tuple[dict[str, list[int]], list[TokenSequence]]:
    """The members of each known template, and the sequences that match no statement."""
    found: dict[Key, Known] = defaultdict(list)
    rest = []
    for sequence in sequences:
        statement = statements.find(text_of(sequence.tokens, sequence.spaces))
        if statement is None:
            rest.append(sequence)
        else:
            found[statement.key].append((statement, sequence))
    templates: dict[str, list[int]] = defaultdict(list)
    for members in _with_instances(found, statements).values():
        # The loosest text describes them all.
        text = max((statement for statement, _ in members), key=lambda item: (item.looseness, item.text)).text
        sequences = [sequence for _, sequence in members]
        templates[_without_empty(text, sequences)] += [
            member for sequence in sequences for member in sequence.members
        ]
    return dict(templates), rest


def _with_instances(found: dict[Key, Known], statements: StatementIndex) -> dict[Key, Known]:
    """Two or more literal statements that differ where another one has a variable ("state is OPEN", "state is
    CLOSED" beside "state is %s") are lines of that one.
    """
    instances: dict[Key, dict[Key, Known]] = defaultdict(dict)
    for key, members in found.items():
        general = _general(members, statements)
        if general:
            instances[general[0][0].key][key] = general
    result = dict(found)
    for key, by_literal in instances.items():
        if len(by_literal) > 1:
            result = {name: members for name, members in result.items() if name not in by_literal}
            taken = [member for members in by_literal.values() for member in members]
            result[key] = [*result.get(key, []), *taken]
    return result


def _general(members: Known, statements: StatementIndex) -> Known:
    """A literal statement's lines as those of one with variables; none if no one has them all."""
    if not all(statement.is_literal for statement, _ in members):
        return []
    general: Known = []
    for _, sequence in members:
        statement = statements.find_general(text_of(sequence.tokens, sequence.spaces))
        if statement is None or (general and statement.key != general[0][0].key):
            return []
        general.append((statement, sequence))
    return general


def _without_empty(text: str, sequences: Sequence[TokenSequence]) -> str:
    """The text without variables that hold nothing in any line."""
    slots = TemplateMatcher(text)
    values = [slots.values(text_of(sequence.tokens, sequence.spaces)) for sequence in sequences]
    if not slots.count or any(found is None for found in values):
        return text
    constants = text.split(VAR)
    used = [any(found and found[place] for found in values) for place in range(slots.count)]
    shorter = constants[0] + "".join(
        f"{VAR if keep else ''}{constant}" for keep, constant in zip(used, constants[1:], strict=True)
    )
    return shorter if shorter.strip() else text
