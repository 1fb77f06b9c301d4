"""How often templates came before and come now: what is new, gone, more or less frequent.

Two logs are rarely of one length. The rate at which all is expected to grow is the median template's, so that
one event that explodes does not make the others look rarer.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from mcp_smalltools.logs.templates.parsed_log import ParsedTemplate

_FALSE_ALARMS = 0.01
"""Over all templates: the probability that one of them is named though nothing changed."""
_LEAST_FACTOR = 2.0
_COMMON = 10
"""Records, before and now together, from which a template counts for the rate."""
_SUMMED_UP_TO = 2_000


@dataclass(frozen=True, slots=True)
class FrequencyChange:
    """A template that is `factor` times as frequent as what came before lets expect."""

    template: ParsedTemplate
    factor: float


@dataclass(slots=True)
class Comparison:
    """`changed` most telling first, `gone` worst and most frequent first."""

    rate: float = 1.0
    changed: list[FrequencyChange] = field(default_factory=list)
    gone: list[ParsedTemplate] = field(default_factory=list)


def compare(templates: Sequence[ParsedTemplate]) -> Comparison:
    """Compare `records` with `before` of each template.

    A change is named if the counts are that far apart by chance in less than 1 of 100 logs (two-sided
    binomial test, Bonferroni over the templates), and at least twofold.
    """
    both = [template for template in templates if template.before or template.records]
    rate = _rate(both)
    if not rate:
        return Comparison(rate)
    telling = []
    for template in both:
        probability = change_probability(template.records, template.before, rate) * len(both)
        if template.before and probability < _FALSE_ALARMS:
            factor = template.records / (template.before * rate)
            if template.records and max(factor, 1 / factor) >= _LEAST_FACTOR:
                telling.append(
                    (probability, -template.records, template.id, FrequencyChange(template, factor))
                )
    gone = [template for template in both if not template.records]
    gone.sort(key=lambda item: -item.before)
    telling.sort(key=lambda item: item[:3])
    return Comparison(rate, [change for *_, change in telling], gone)


def _rate(templates: Sequence[ParsedTemplate]) -> float:
    """How many records there are now for one before."""
    common = [
        template.records / template.before
        for template in templates
        if template.before and template.records and template.records + template.before >= _COMMON
    ]
    if len(common) >= 3:
        return statistics.median(common)
    before = sum(template.before for template in templates)
    return sum(template.records for template in templates) / before if before else 0.0


def change_probability(now: int, before: int, rate: float) -> float:
    """The probability of counts at least as far apart if nothing changed: two-sided, given their sum."""
    total, share = now + before, rate / (1 + rate)
    tail = min(_tail(now, total, share), _tail(before, total, 1 - share))
    return min(1.0, 2 * tail)


def _tail(least: int, total: int, share: float) -> float:
    """The probability of at least `least` of `total`, each with the probability `share`."""
    if least <= 0:
        return 1.0
    if total > _SUMMED_UP_TO:
        mean, deviation = total * share, math.sqrt(total * share * (1 - share)) or 1e-12
        return 0.5 * math.erfc((least - 0.5 - mean) / deviation / math.sqrt(2))
    return min(1.0, sum(math.exp(_log_probability(count, total, share)) for count in range(least, total + 1)))


def _log_probability(count: int, total: int, share: float) -> float:
    ways = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
    return ways + count * math.log(share) + (total - count) * math.log1p(-share)
