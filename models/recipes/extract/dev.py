"""Run `extract` on cases.txt, or on sentences of the reader's schemas (`--generated N`).

PYTHONPATH=. python models/recipes/extract/dev.py --show    # shows what is wrong
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.evaluation.data.extract_cases import ExtractCase, read_extract_cases
from mcp_smalltools.evaluation.suites.extract import is_right
from mcp_smalltools.tools.extract.document import Document
from mcp_smalltools.tools.extract.fill import Filled, fill, put
from mcp_smalltools.tools.extract.schema import plan_of

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "reader"))
from render import as_document, dressed, read_specs  # noqa: E402
from render import fill as filled_sentence  # noqa: E402


@dataclass(frozen=True, slots=True)
class Played:
    """A case with what the tool's own machinery found."""

    case: ExtractCase
    filled: Filled
    document: Document
    data: dict[str, Any]
    hand_written: bool = False

    @property
    def right(self) -> bool:
        return is_right(_flat(self.data), self.case.accepted)


def _flat(data: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Under the dotted names of the cases."""
    flat: dict[str, Any] = {}
    for name, value in data.items():
        flat |= _flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return flat


def hand_written(file: Path = HERE / "cases.txt") -> list[ExtractCase]:
    return read_extract_cases(file)


def generated(count: int, seed: int, *, held_out: bool) -> list[ExtractCase]:
    specs = read_specs()
    chosen = specs[::6] if held_out else [s for i, s in enumerate(specs) if i % 6]
    rng = random.Random(seed)
    cases = []
    while len(cases) < count:
        spec = rng.choice(chosen)
        filled = dressed(filled_sentence(spec, rng), rng)
        if all(f.optional or f.name in filled.values for f in spec.fields):
            accepted = {
                f.name: _ways(filled.values[f.name], filled, f.name) if f.name in filled.values else [""]
                for f in spec.fields
            }
            cases.append(ExtractCase(filled.text, spec.schema(), accepted))
    return cases


def pages(count: int, seed: int) -> list[ExtractCase]:
    """Texts of several of the held out schemas, for the fields of one of them and some that are not there."""
    specs = read_specs()[::6]
    rng = random.Random(seed)
    cases: list[ExtractCase] = []
    while len(cases) < count:
        spec = rng.choice(specs)
        names = {f.name for f in spec.fields}
        apart = [s for s in rng.sample(specs, len(specs)) if not names & {f.name for f in s.fields}]
        page = as_document(spec, apart[:3], rng)
        known = {f.name for s in (spec, *apart[:3]) for f in s.fields}
        pools = {f.pool for s in (spec, *apart[:3]) for f in s.fields if f.type != "b"}
        strange = [f for f in apart[3].fields if f.name not in known and f.pool not in pools][:3]
        schema = replace(spec, fields=[*spec.fields, *(replace(f, optional=True) for f in strange)]).schema()
        accepted = {
            f.name: _ways(page.values[f.name], page, f.name) if f.name in page.values else [""]
            for f in (*spec.fields, *strange)
        }
        if not any("." in f.name for f in (*spec.fields, *strange)):
            cases.append(ExtractCase(page.text + "\n" * 4, schema, accepted))
    return cases


def _ways(value: Any, filled: Any, name: str) -> list[Any]:
    """The value, and a text as it is written."""
    a, b = filled.spans[name]
    bare = re.sub(r"^(?:the|an?|my|our) ", "", filled.text[a:b])
    ways = [value, filled.text[a:b], bare]
    if isinstance(value, (int, float)) and re.search(r"%|per ?cent", filled.text[a:b]):
        ways.append(value / 100)
    return ways


async def play(cases: list[ExtractCase], *, hand_written: bool = False) -> list[Played]:
    engine = EngineClient(load_settings())
    played = []
    try:
        for case in cases:
            plan = plan_of(case.schema)
            document = Document("", case.request.split("\n"))
            document.prepare(lambda: None)
            filled = await fill(plan.fields, document, engine, lambda: 600.0)
            data: dict[str, Any] = {}
            values = {found.field: found.value for found in filled.found}
            for field in plan.fields:
                put(data, field, values.get(field.name))
            played.append(Played(case, filled, document, data, hand_written))
    finally:
        await engine.close()
    return played


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", default="cases.txt", help="of this folder")
    parser.add_argument("--generated", type=int, default=0, metavar="N")
    parser.add_argument("--show", action="store_true", help="each wrong object")
    parser.add_argument("--pages", type=int, default=0, metavar="N", help="generated pages instead")
    args = parser.parse_args()
    cases = generated(args.generated, 5, held_out=True) if args.generated else hand_written(HERE / args.file)
    cases = pages(args.pages, 5) if args.pages else cases
    played = asyncio.run(play(cases))
    for item in played:
        if args.show and not item.right:
            data = _flat(item.data)
            wrong = {
                name: (data.get(name), ways)
                for name, ways in item.case.accepted.items()
                if not is_right({k: v for k, v in data.items() if k == name}, {name: ways})
            }
            print(f"? {item.case.request}\n   {wrong}")
    print(f"{sum(item.right for item in played)} of {len(played)} right")


if __name__ == "__main__":
    main()
