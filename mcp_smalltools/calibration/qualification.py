"""Whether a model is of use to a skill: a fact about the pair, measured on cases, kept with its calibration.

What ships stands in `models/skills/<skill>/writers.json`; what was measured on this machine
(`mcp-smalltools models qualify`) in the state folder, and goes first. A pair that doesn't add right answers
at the same certainty is kept too, as not qualified: it is not used.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError
from mcp_smalltools.models.shipped import library_folder

if TYPE_CHECKING:
    from mcp_smalltools.calibration.calibration import Calibration

FILE: Final = "writers.json"
OFF: Final = "off"
AUTO: Final = "auto"
OVER_HTTP: Final = " over HTTP"


@dataclass(frozen=True, slots=True)
class PairFigures:
    """On the same cases, without the model and with it: shares of 1. `right_of_sure` is None without any."""

    cases: int
    fields_right: float
    whole: float
    made_up: float
    sure: float
    right_of_sure: float | None


@dataclass(frozen=True, slots=True)
class Qualification:
    """What was measured of a pair of skill and model. `calibration` is that of both together, as JSON."""

    skill: str
    model: str
    sha256: str
    qualified: bool
    date: str
    alone: PairFigures
    together: PairFigures
    calibration: Mapping[str, Any] = field(repr=False)
    here: bool = False
    """Measured on this machine."""

    @property
    def gain(self) -> float:
        """Cases more that are right as a whole, of all."""
        return self.together.whole - self.alone.whole

    def read_calibration(self) -> Calibration:
        """Raises ModelError where the file is damaged."""
        from mcp_smalltools.calibration.calibration import Calibration

        try:
            return Calibration.from_json(self.calibration)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(
                f"The qualification of {self.model} for {self.skill} can't be used: {type(error).__name__}.",
                remedy=f"Measure it again: mcp-smalltools models qualify --model {self.model}.",
            ) from None

    def to_json(self) -> dict[str, Any]:
        from dataclasses import asdict

        data = asdict(self)
        for name in ("skill", "model", "here"):
            del data[name]
        return data

    @classmethod
    def from_json(cls, skill: str, model: str, data: Mapping[str, Any], *, here: bool) -> Self:
        """Raises KeyError and the like if damaged."""
        return cls(
            skill,
            model,
            str(data["sha256"]),
            bool(data["qualified"]),
            str(data["date"]),
            PairFigures(**data["alone"]),
            PairFigures(**data["together"]),
            dict(data["calibration"]),
            here,
        )


@dataclass(frozen=True, slots=True)
class QualifiedWriter:
    """The writer that a tool may use in a call, with what its answers are worth."""

    model: str
    calibration: Calibration

    def to_json(self) -> dict[str, Any]:
        return {"model": self.model, "calibration": self.calibration.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        from mcp_smalltools.calibration.calibration import Calibration

        return cls(str(data["model"]), Calibration.from_json(data["calibration"]))


def qualifications(skill: str, settings: Settings) -> dict[str, Qualification]:
    """By the model's name; what was measured here replaces what ships. A damaged file is as none."""
    found = _read(skill, library_folder() / "skills" / skill / FILE, here=False)
    return found | _read(skill, _own_file(skill, settings), here=True)


def skills_with_writers(settings: Settings) -> list[str]:
    """Skills for which any model was measured."""
    shipped = {path.parent.name for path in (library_folder() / "skills").glob(f"*/{FILE}")}
    own = {path.stem for path in _own_file("any", settings).parent.glob("*.json")}
    return sorted(shipped | own)


def keep_qualification(found: Qualification, settings: Settings) -> Path:
    """Write what was measured here; the file."""
    path = _own_file(found.skill, settings)
    write_qualification(found, path)
    return path


def write_qualification(found: Qualification, path: Path) -> None:
    """Put a measurement into a file of such, in place of an earlier one of the same model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = {}
    content[found.model] = found.to_json()
    new = path.with_name(f".new-{path.name}")
    new.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def writer_for(skill: str, settings: Settings) -> QualifiedWriter | None:
    """The model that qualified for a skill, is here, and adds most; None if there is none.

    Left to choose (`auto`), one that this machine's cores run in seconds goes before a larger one that adds
    more. Fetches nothing. May hash a file that was never hashed before. Raises nothing: a damaged file or
    manifest is as a model that is not here.
    """
    if settings.writer == OFF:
        return None
    known = qualifications(skill, settings).values()
    asked_for = [found for found in known if found.qualified and _is_asked_for(found, settings)]
    best_first = sorted(asked_for, key=lambda found: -found.gain)
    for found in best_first if settings.engine_urls else _here(best_first, settings):
        try:
            return QualifiedWriter(found.model.removesuffix(OVER_HTTP), found.read_calibration())
        except ModelError:
            continue
    return None


def name_of_pair(model: str, settings: Settings) -> str:
    """How a model is called in these files: what a server runs is another thing than a file here."""
    return model + OVER_HTTP if settings.engine_urls else model


def today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _is_asked_for(found: Qualification, settings: Settings) -> bool:
    if settings.engine_urls:
        wanted = settings.generate_model if settings.writer == AUTO else settings.writer
        return found.model == wanted + OVER_HTTP
    return settings.writer in (AUTO, found.model) and not found.model.endswith(OVER_HTTP)


def _here(best_first: Sequence[Qualification], settings: Settings) -> Iterator[Qualification]:
    """Those whose file is on this machine, the ones that want more cores than there are last."""
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifests
    from mcp_smalltools.models.machine_fit import fits_cores

    try:
        models = manifests(settings)
    except ModelError:
        return
    known = [found for found in best_first if found.model in models]

    def is_slow(found: Qualification) -> bool:
        size = models[found.model].files[0].bytes
        return size is not None and not fits_cores(size)

    for found in sorted(known, key=is_slow):
        try:
            file = ModelStore(models[found.model], settings).ready()
        except (ModelError, OSError):
            continue
        if file is not None and file.sha256 == found.sha256:
            yield found


def _own_file(skill: str, settings: Settings) -> Path:
    return settings.state_dir.expanduser() / "writers" / f"{skill}.json"


def _read(skill: str, path: Path, *, here: bool) -> dict[str, Qualification]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            model: Qualification.from_json(skill, model, data, here=here) for model, data in content.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
