"""What the period comes to in money and energy, by the table of prices (docs/ledger.md has the formulas)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from mcp_smalltools.config import Settings
from mcp_smalltools.dashboard.figures import Figures
from mcp_smalltools.economics.prices import CHARS_PER_TOKEN, load_prices
from mcp_smalltools.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PeriodBill:
    """`usd` is what agents' bills are smaller by, at a model's published price of a day; negative where they
    are larger. `joules` is an estimate of what the calls took here.
    """

    model: str
    day: datetime.date
    usd: float
    joules: float


def bill_of(figures: Figures, settings: Settings) -> PeriodBill | None:
    """None where the setting names no price that there is: `ledger` is where that is said."""
    try:
        prices = load_prices(settings)
        model = prices.named(settings.price_model)
    except ConfigError:
        return None
    asked = figures.total.asked / CHARS_PER_TOKEN
    not_read = figures.net / CHARS_PER_TOKEN + asked
    cpu_s = figures.total.cpu_s + figures.hooks.cpu_s
    gpu_s = figures.total.gpu_s + figures.hooks.gpu_s
    return PeriodBill(
        model.name,
        model.day,
        model.usd(cache_write=not_read, output=-asked),
        prices.machine.joules(cpu_s, gpu_s),
    )
