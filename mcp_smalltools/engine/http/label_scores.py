"""Scores of labels over HTTP: by the likeliest next tokens that a server names, best first."""

from __future__ import annotations

import heapq
import math
from collections.abc import Awaitable, Callable, Sequence


async def score_best_first(
    labels: Sequence[tuple[str, ...]], next_logprobs: Callable[[str], Awaitable[dict[str, float]]]
) -> list[float]:
    """Sums of log probabilities: exact for the two best by sum and by mean, upper bounds for the others.

    `labels` are the texts of the labels' tokens. `next_logprobs` gives the log probabilities of the likeliest
    tokens after an answer that starts with its argument. The label with the highest bound advances by a token
    until no other can reach the two best.
    """
    known: dict[str, dict[str, float]] = {}
    total, scored = [0.0] * len(labels), [0] * len(labels)
    for per_length in (False, True):
        queue = [(_heap_key(i, total, labels, per_length), i) for i in range(len(labels))]
        heapq.heapify(queue)
        complete = 0
        while queue and complete < 2:
            _, label = heapq.heappop(queue)
            if scored[label] == len(labels[label]):
                complete += 1
                continue
            start = "".join(labels[label][: scored[label]])
            if start not in known:
                known[start] = await next_logprobs(start)
            token = labels[label][scored[label]]
            total[label] += known[start].get(token, min(known[start].values(), default=-math.inf))
            scored[label] += 1
            heapq.heappush(queue, (_heap_key(label, total, labels, per_length), label))
    return total


def ambiguous(labels: Sequence[tuple[str, ...]]) -> bool:
    """Whether one label is the start of another."""
    return any(one != other and other[: len(one)] == one for one in labels for other in labels)


def _heap_key(label: int, total: Sequence[float], labels: Sequence[Sequence[str]], per_length: bool) -> float:
    """The heap gives the smallest first: the label with the highest bound."""
    return -(total[label] / max(1, len(labels[label])) if per_length else total[label])
