"""Words that say how something ended or what was decided: they tell events apart, and are no parameters."""

from __future__ import annotations

_VERDICTS = frozenset(
    word
    for line in (
        "allow allowed deny denied block blocked drop dropped accept accepted reject rejected audit",
        "permit permitted pass passed fail failed failure success succeeded ok nok error errored",
        "skip skipped abort aborted timeout started stopped opened closed up down connected",
        "disconnected enabled disabled healthy unhealthy hit miss commit rollback granted revoked",
        "created deleted updated added removed acquired released",
    )
    for word in line.split()
)


def is_verdict(token: str) -> bool:
    """Whether a token is such a word."""
    return token.lower() in _VERDICTS


def are_verdicts(tokens: set[str]) -> bool:
    """Whether these tokens, two or more, are all such words, written alike (ALLOW and BLOCK)."""
    if len(tokens) < 2 or not all(map(is_verdict, tokens)):
        return False
    return len({(token.isupper(), token.islower()) for token in tokens}) == 1
