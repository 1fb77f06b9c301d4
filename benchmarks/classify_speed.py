"""Seconds of a whole call of `classify`: 1,000 distinct texts, 20 labels, 8 examples each, engine included.

    python benchmarks/classify_speed.py [--rounds N] [--record]

Each round has new texts; the models stay loaded, examples and labels of the first round are kept. `--record`
puts the median into models/skills/classify/scores.json.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import random
import statistics
import tempfile
import time
from pathlib import Path

from mcp_smalltools.calibration.scores import Speed, record_quality
from mcp_smalltools.config import load_settings
from mcp_smalltools.engine.client.client import EngineClient
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

SCORES = Path(__file__).parents[1] / "models" / "skills" / "classify" / "scores.json"
THINGS = (
    *("invoice", "parcel", "password", "printer", "holiday request", "server room", "contract", "newsletter"),
    *("coffee machine", "parking space", "laptop", "meeting room", "payslip", "train ticket", "warranty"),
    *("test report", "garden", "insurance", "school trip", "concert"),
)
SAID = (
    "the {} from {} is still missing, can somebody look into it",
    "who is responsible for the {} in {} and how do I reach them",
    "we need a new {} for the office in {} before the end of the month",
    "there was a problem with the {} yesterday, the people in {} are waiting",
    "please tell me what the {} for {} costs this year",
)
PLACES = ("Bergen", "Lyon", "Graz", "Porto", "Turku", "Ghent", "Cork", "Malmo", "Bari", "Lublin")


def texts(thing: str, count: int, rng: random.Random) -> list[str]:
    return [
        f"{rng.choice(SAID).format(thing, rng.choice(PLACES))} (no. {rng.randrange(10**6)})"
        for _ in range(count)
    ]


async def measure(rounds: int) -> list[float]:
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings().model_copy(update={"state_dir": Path(folder)})
        engine = EngineClient(settings)
        service = Service(settings, engine)
        examples = [
            {"text": text, "label": thing} for thing in THINGS for text in texts(thing, 8, random.Random(0))
        ]
        for turn in range(rounds + 1):
            rng = random.Random(turn)
            items = [text for thing in THINGS for text in texts(thing, 50, rng)]
            arguments = {"items": items, "labels": list(THINGS), "examples": examples}
            started = time.perf_counter()
            await service.call(ToolRequest("classify", arguments, client="bench", deadline_s=600))
            if turn:
                seconds.append(time.perf_counter() - started)
        await service.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    seconds = asyncio.run(measure(args.rounds))
    median = round(statistics.median(seconds), 2)
    print(json.dumps({"seconds": median, "rounds": [round(one, 2) for one in seconds]}))
    if args.record:
        entry = Speed(
            what="1,000 items in 20 labels with 8 examples each, the whole call",
            metrics={"seconds": median},
            aims={"seconds": "<= 15"},
            command="python benchmarks/classify_speed.py",
            date=datetime.date.today(),
        )
        record_quality(SCORES, speed=[entry])


if __name__ == "__main__":
    main()
