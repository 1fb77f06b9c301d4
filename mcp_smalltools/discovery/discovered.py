"""Sums over sessions, and their price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter

from mcp_smalltools.discovery.session_figures import PARTS, Judged, Part, SessionFigures
from mcp_smalltools.discovery.token_use import NO_TOKENS, TokenUse
from mcp_smalltools.economics.prices import ModelPrice, PriceTable

SUMMED = (
    *("requests", "calls", "lines_read", "lines_other", "lines_damaged", "lines_too_long"),
    *("cut", "put_aside", "ran_again", "opened_aside", "logs_whole", "log_chars"),
    *("files_whole", "files_whole_edited", "secrets_maskable", "told_already", "would_tell", "not_replayed"),
)
"""Figures of a session that are numbers of something."""


@dataclass(frozen=True, slots=True)
class PricedSession:
    """A session with what it has cost, and what it would have cost less (negative: more), by part."""

    figures: SessionFigures
    price: ModelPrice
    assumed: bool
    """Whether the table has no price of its model, so that another's stands for it."""
    used_usd: float
    net_usd: dict[Part, float]

    @property
    def net(self) -> float:
        return sum(self.net_usd.values())


@dataclass(slots=True)
class DiscoveryTotals:
    """All sessions together."""

    sessions: int = 0
    unreadable: int = 0
    losing: int = 0
    """Sessions in which the tools would have cost more than they save."""
    priced_as: Counter[str] = field(default_factory=Counter)
    """Sessions by the name in the table of prices and its day."""
    assumed: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SUMMED, 0))
    secrets: Counter[str] = field(default_factory=Counter)
    judged: Counter[Judged] = field(default_factory=Counter)
    used: TokenUse = NO_TOKENS
    used_usd: float = 0.0
    net: dict[Part, TokenUse] = field(default_factory=lambda: dict.fromkeys(PARTS, TokenUse()))
    net_usd: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))


def priced(figures: SessionFigures, prices: PriceTable, otherwise: ModelPrice) -> PricedSession:
    """A session at the prices of its model, or of `otherwise` where the table has none."""
    price = prices.of(figures.model)
    chosen = price or otherwise
    net: dict[Part, float] = {}
    for part, use in figures.net.items():
        net[part] = use.usd(chosen)
    return PricedSession(figures, chosen, price is None, figures.used.usd(chosen), net)


def totals_of(sessions: Iterable[PricedSession], unreadable: int) -> DiscoveryTotals:
    """Sums; transcripts of one session (its subagents') count as one."""
    totals = DiscoveryTotals(unreadable=unreadable)
    net_of: dict[tuple[str, str], float] = {}
    for number, session in enumerate(sessions):
        figures = session.figures
        key = (figures.client, figures.session or str(number))
        net_of[key] = net_of.get(key, 0.0) + session.net
        for name in SUMMED:
            totals.counts[name] += getattr(figures, name)
        totals.secrets.update(figures.secrets)
        totals.judged.update(figures.judged)
        totals.used += figures.used
        totals.used_usd += session.used_usd
        totals.assumed += session.assumed
        totals.priced_as[f"{session.price.name} of {session.price.day}"] += 1
        for part in PARTS:
            totals.net[part] += figures.net[part]
            totals.net_usd[part] += session.net_usd[part]
    totals.sessions = len(net_of)
    totals.losing = sum(net < 0 for net in net_of.values())
    return totals


_FIGURES: Final = TypeAdapter(SessionFigures)
_TOTALS: Final = TypeAdapter(DiscoveryTotals)


def as_json(session: PricedSession) -> dict[str, Any]:
    """A session for other programs: numbers, no text."""
    record: dict[str, Any] = _FIGURES.dump_python(session.figures, mode="json", exclude={"shown", "weak"})
    net: dict[str, float] = {str(part): usd for part, usd in session.net_usd.items()}
    return record | {
        "priced_as": session.price.name,
        "day": session.price.day.isoformat(),
        "price_assumed": session.assumed,
        "used_usd": session.used_usd,
        "net_usd": net | {"all": session.net},
    }


def totals_as_json(totals: DiscoveryTotals) -> dict[str, Any]:
    record: dict[str, Any] = _TOTALS.dump_python(totals, mode="json")
    counts = record.pop("counts")
    net: dict[str, float] = {str(part): usd for part, usd in totals.net_usd.items()}
    return {**record, **counts, "net_usd": net | {"all": sum(net.values())}}
