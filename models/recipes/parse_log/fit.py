"""Fit the judge of parse_log. Needs numpy only.

    python models/recipes/parse_log/fit.py --sources DIR    # some minutes on one core

DIR holds source trees, one program to a folder: any, but none whose logs are in a benchmark. Top to bottom:

1. The logging statements of every program; what they say about words and places of parameters: the lexicon.
2. Simulated systems of each program. What is known of a system's own program is left out of the lexicon that
   it is judged with, so that the judge learns what to trust on unseen programs.
3. Two small networks, in the order in which they work; the second sees what the first leaves.
4. Programs that took no part (`--held-out`) measure how good it is.

Writes `models/skills/parse_log/weights.npz` and `scores.json`. The same seed gives the same numbers.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples import Examples, add_gaps, add_slots
from mcp_smalltools.evaluation.suites.logs import LogScores, mean_scores, parse_with, score
from mcp_smalltools.learning.logs.fit_network import average_networks, fit_network
from mcp_smalltools.learning.logs.systems import StatementSource, System, Vocabulary, simulate, vocabulary
from mcp_smalltools.logs.judge.judge import Judge, save_judge
from mcp_smalltools.logs.judge.lexicon import Lexicon, counts_of
from mcp_smalltools.logs.statements.source import statements_under

SKILL = Path(__file__).parents[2] / "skills" / "parse_log"
_FEWEST = 25
"""Statements that a program must have to be simulated."""
Counts = dict[str, NDArray[np.int32]]


@dataclass(slots=True)
class Corpus:
    """Programs to learn from: their statements, what each counts for the lexicon, and all together."""

    programs: dict[str, list[StatementSource]]
    counts: dict[str, Counts]
    total: Counts
    known: Vocabulary

    def lexicon_without(self, program: str) -> Lexicon:
        own = self.counts[program]
        return Lexicon({name: table - own[name] for name, table in self.total.items()})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=Path, required=True, metavar="DIR")
    parser.add_argument("--held-out", nargs="*", default=[], metavar="PROGRAM", help="folders to measure on")
    parser.add_argument("--systems", type=int, default=10, help="simulated systems of each program")
    parser.add_argument(
        "--rounds", type=int, default=2, help="judges that are averaged, each on systems of its own"
    )
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    programs = read_programs(args.sources)
    corpus = corpus_of({name: found for name, found in programs.items() if name not in args.held_out})
    held_out = {name: programs[name] for name in args.held_out if name in programs}
    rounds = [fit(corpus, args.systems, args.seed + number) for number in range(args.rounds)]
    judge = mean_judge([judge for judge, _ in rounds])
    counted = {name: sum(counts[name] for _, counts in rounds) for name in rounds[0][1]}
    save_judge(SKILL / "weights.npz", corpus.total, judge.networks())
    report = {
        "made_by": "python models/recipes/parse_log/fit.py",
        "programs": len(corpus.programs),
        "statements": sum(map(len, corpus.programs.values())),
        "decisions": counted,
        "held_out_programs": measured(held_out, judge, args.seed),
    }
    scores = SKILL / "scores.json"
    kept = json.loads(scores.read_text(encoding="utf-8")) if scores.exists() else {}
    scores.write_text(json.dumps(kept | report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report))


def read_programs(folder: Path) -> dict[str, list[StatementSource]]:
    """The distinct statements of each program that has enough."""
    programs = {}
    for tree in sorted(path for path in folder.iterdir() if path.is_dir()):
        found = {
            item.pieces: StatementSource(tree.name, item.file, item.pieces, item.raises)
            for item in statements_under(tree)
        }
        if len(found) >= _FEWEST:
            programs[tree.name] = list(found.values())
    return programs


def corpus_of(programs: dict[str, list[StatementSource]]) -> Corpus:
    counts = {name: counts_of(item.pieces for item in sources) for name, sources in programs.items()}
    total: Counts = {}
    for tables in counts.values():
        for name, table in tables.items():
            total[name] = total[name] + table if name in total else table.copy()
    return Corpus(
        programs, counts, total, vocabulary([item for group in programs.values() for item in group])
    )


def fit(corpus: Corpus, systems: int, seed: int) -> tuple[Judge, dict[str, int]]:
    """Fit the two networks one after another. Returns the judge and how many decisions each saw."""
    rng = random.Random(seed)
    logs = {
        name: [simulate(sources, corpus.known, rng) for _ in range(systems)]
        for name, sources in corpus.programs.items()
    }
    networks = {}
    counted = {}
    steps: dict[str, Callable[[System, Judge, Examples], None]] = {
        "slot": lambda system, judge, found: add_slots(system, judge, rng, found),
        "gap": lambda system, judge, found: add_gaps(system, judge, rng, found),
    }
    for at, (name, add) in enumerate(steps.items()):
        found = Examples()
        for program, its_logs in logs.items():
            judge = Judge(corpus.lexicon_without(program), **networks)
            for system in its_logs:
                add(system, judge, found)
        rows, answers, weights = found.arrays()
        networks[name] = fit_network(rows, answers, weights, seed=seed + at)
        counted[name] = len(rows)
        print(f"{name}: {len(rows)} decisions", flush=True)
    return Judge(Lexicon(corpus.total), **networks), counted


def mean_judge(judges: list[Judge]) -> Judge:
    """Which systems were simulated decides single judgements: the mean of several judges is steadier."""
    networks = [judge.networks() for judge in judges]
    return Judge(
        judges[0].lexicon, **{name: average_networks([own[name] for own in networks]) for name in networks[0]}
    )


def measured(
    programs: dict[str, list[StatementSource]], judge: Judge, seed: int, systems: int = 5
) -> dict[str, float]:
    """The four figures on simulated systems of programs that were not learned from."""
    rng = random.Random(seed + 100)
    known = vocabulary([item for group in programs.values() for item in group])
    found: list[LogScores] = []
    for sources in programs.values():
        for _ in range(systems):
            system = simulate(sources, known, rng)
            found.append(score(parse_with(system.lines, judge), system.templates, 1.0))
    return mean_scores(found)


if __name__ == "__main__":
    main()
