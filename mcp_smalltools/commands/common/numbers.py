"""Numbers on the command line, within their limits: what is refused says what is taken."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of an option that takes a whole number from `least` to `most`, both included."""
    limits = f"of {least} or more" if most is None else f"from {least} to {most}"

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {limits}")
        return number

    return read


def number(least: float = 0.0, most: float | None = None, *, above: bool = False) -> Callable[[str], float]:
    """The type of an option that takes a finite number from `least` to `most`; with `above`, greater."""
    limits = f"above {least:g}" if above else f"of {least:g} or more"
    if most is not None:
        limits += f", {most:,.0f} at most"

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        fits = math.isfinite(value) and (value > least if above else value >= least)
        if not fits or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {limits}")
        return value

    return read
