"""The table of prices: what ships, and over it what the user's own file says."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError

CHARS_PER_TOKEN: Final = 4.0
"""Characters of a token, on average, where a client doesn't say how many tokens a text has."""
_MILLION: Final = 1e6
_Price = Annotated[float, Field(ge=0)]
_Speed = Annotated[float, Field(gt=0)]


class ModelPrice(BaseModel):
    """A model's prices in USD per million tokens by class, with their day; and its speed, an assumption."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """The model's id, or how ids of a family begin."""
    input: _Price
    cache_write: _Price
    cache_write_1h: _Price
    cache_read: _Price
    output: _Price
    day: datetime.date
    source: str = ""
    first_token_s: float = Field(1.0, ge=0)
    read_per_s: _Speed = 5000.0
    written_per_s: _Speed = 50.0

    def seconds(self, read: float, written: float) -> float:
        """Seconds that it takes to read and write so many tokens."""
        return self.first_token_s + read / self.read_per_s + written / self.written_per_s

    def usd(
        self,
        *,
        input: float = 0.0,
        cache_write: float = 0.0,
        cache_write_1h: float = 0.0,
        cache_read: float = 0.0,
        output: float = 0.0,
    ) -> float:
        """The price of so many tokens of each class."""
        return (
            input * self.input
            + cache_write * self.cache_write
            + cache_write_1h * self.cache_write_1h
            + cache_read * self.cache_read
            + output * self.output
        ) / _MILLION


def dollars(usd: float) -> str:
    """An amount as tables and pages show it: to the cent or, below a dollar, to a hundredth of one."""
    return f"{usd:,.2f}" if abs(usd) >= 1 else f"{usd:.4f}"


class MachinePrice(BaseModel):
    """What this machine takes under load, and what that costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    watts_per_core: _Price = 10.0
    watts_gpu: _Price = 300.0
    usd_per_kwh: _Price = 0.30

    def joules(self, cpu_s: float, gpu_s: float) -> float:
        """Estimated energy of so many processor and GPU seconds: each at its watts, nothing for idling."""
        return cpu_s * self.watts_per_core + gpu_s * self.watts_gpu

    def usd(self, cpu_s: float, gpu_s: float) -> float:
        return self.joules(cpu_s, gpu_s) / 3.6e6 * self.usd_per_kwh


class PriceFile(BaseModel):
    """A file of prices. The user's may have any part of it."""

    model_config = ConfigDict(extra="forbid")

    machine: MachinePrice | None = None
    models: list[ModelPrice] = []


@dataclass(frozen=True, slots=True)
class PriceTable:
    """All prices, those first that stand before others."""

    models: Sequence[ModelPrice]
    machine: MachinePrice

    def of(self, model: str) -> ModelPrice | None:
        """The price of a model: of its id, or of the longest beginning of it that the table has."""
        fitting = [price for price in self.models if model.startswith(price.name)]
        return max(fitting, key=lambda price: len(price.name), default=None)

    def named(self, model: str) -> ModelPrice:
        """The same for a model that the user names. Raises ConfigError."""
        price = self.of(model)
        if price is None:
            raise ConfigError(
                f"There is no price of {model!r}.",
                remedy="Set `price_model` to one of these, or add it to `prices_file`: "
                f"{', '.join(price.name for price in self.models)}.",
            )
        return price


def load_prices(settings: Settings) -> PriceTable:
    """The table that ships and, before it, the user's own. Raises ConfigError."""
    shipped = _parsed(resources.files(__package__).joinpath("prices.toml").read_text(encoding="utf-8"), "")
    own = PriceFile()
    if settings.prices_file is not None:
        own = _parsed(_read(settings.prices_file.expanduser()), str(settings.prices_file))
    models = {price.name: price for price in [*shipped.models, *own.models]}
    return PriceTable(list(models.values()), own.machine or shipped.machine or MachinePrice())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The price table {path} can't be read: {error}.", remedy="Correct the setting `prices_file`."
        ) from None


def _parsed(text: str, where: str) -> PriceFile:
    try:
        told: Mapping[str, Any] = tomllib.loads(text)
        return PriceFile.model_validate(told)
    except tomllib.TOMLDecodeError as error:
        problem = str(error)
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    raise ConfigError(
        f"The price table {where} can't be used: {problem}.",
        remedy="It has the form of mcp_smalltools/economics/prices.toml (docs/ledger.md).",
    )
