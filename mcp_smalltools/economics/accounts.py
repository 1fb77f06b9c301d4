"""Per tool: what it took here, and what a model at a published price would have taken for the same job.

The job of a call is to read what was read (at most what an agent's client would have let through) and to
write the answer. Calls whose answer was in vain (errors, `escalate`) cost here and count nothing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.economics.prices import CHARS_PER_TOKEN, MachinePrice, ModelPrice
from mcp_smalltools.stores.accounts.totals import CallTotals

PROMISED_FASTER: Final = 10.0
PROMISED_CHEAPER: Final = 100.0
"""What a small specialist is meant to be, beside a large model: said of each tool, whether it is."""


@dataclass(frozen=True, slots=True)
class ToolAccount:
    """One tool's calls, or what hooks did (`by_hook`).

    `seconds` and `usd` are what they took here (electricity), `model_s` and `model_usd` what the model would
    have taken for the same jobs. `net_usd` is what the agent's bill is smaller by: tokens that it didn't read
    at the price of writing them into its cache, less those that it read instead, less those that it wrote to
    ask. Each later turn pays them again as read from the cache: that is not in it.
    """

    tool: str
    by_hook: bool
    calls: int
    in_vain: int
    chars_saved: int
    seconds: float
    cpu_s: float
    gpu_s: float
    joules: float
    usd: float
    model_s: float
    model_usd: float
    net_usd: float

    @property
    def faster(self) -> float | None:
        """How many times faster than the model; None where there is nothing to compare."""
        return self.model_s / self.seconds if self.seconds > 0 and not self.by_hook else None

    @property
    def cheaper(self) -> float | None:
        """How many times cheaper than the model, electricity beside its price; None as above."""
        return self.model_usd / self.usd if self.usd > 0 and not self.by_hook else None


def account_of(totals: CallTotals, model: ModelPrice, machine: MachinePrice) -> ToolAccount:
    """What the calls of one tool come to."""
    in_vain = totals.escalated + totals.errors
    answered = max(0, totals.calls - in_vain)
    read = totals.would_read / CHARS_PER_TOKEN
    shown = totals.chars_shown / CHARS_PER_TOKEN
    asked = totals.chars_asked / CHARS_PER_TOKEN
    written = shown * answered / totals.calls if totals.calls else 0.0
    is_compared = answered > 0 and not totals.by_hook
    model_s = answered * model.first_token_s + model.seconds(read, written) - model.first_token_s
    return ToolAccount(
        tool=totals.key,
        by_hook=totals.by_hook,
        calls=totals.calls,
        in_vain=in_vain,
        chars_saved=totals.chars_saved,
        seconds=totals.seconds,
        cpu_s=totals.cpu_s,
        gpu_s=totals.gpu_s,
        joules=machine.joules(totals.cpu_s, totals.gpu_s),
        usd=machine.usd(totals.cpu_s, totals.gpu_s),
        model_s=model_s if is_compared else 0.0,
        model_usd=model.usd(input=read, output=written) if is_compared else 0.0,
        net_usd=model.usd(cache_write=read - shown, output=-asked),
    )


def short_of(accounts: Sequence[ToolAccount]) -> tuple[list[str], list[str]]:
    """Tools that are not ten times faster than the model, and those that are not a hundred times cheaper."""
    slower = [one.tool for one in accounts if one.faster is not None and one.faster < PROMISED_FASTER]
    dearer = [one.tool for one in accounts if one.cheaper is not None and one.cheaper < PROMISED_CHEAPER]
    return slower, dearer
