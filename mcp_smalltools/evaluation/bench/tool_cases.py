"""The cases of `bench tools`: what a tool and the peer are asked, and how right an answer is.

All texts are made here or are files of Python's standard library; the failing log comes from real test runs.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mcp_smalltools import processes

PART_CHARS: Final = 16_000
"""What the peer reads at once: about 5,000 tokens of its 8,192."""


@dataclass(frozen=True, slots=True)
class PeerPrompt:
    """One request to the peer; at most one of `choices` and `schema`."""

    system: str
    user: str
    max_tokens: int = 96
    choices: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None


Peer = Callable[[Sequence[PeerPrompt]], list[str]]
"""Puts all prompts to the peer, as many at a time as its server has slots; answers in order."""


@dataclass(frozen=True, slots=True)
class BenchCase:
    """`right` and `peer_right` give the share of an answer, of ours and of the peer's, that is right."""

    what: str
    tool: str
    arguments: Mapping[str, Any]
    right: Callable[[Mapping[str, Any]], float]
    peer: Callable[[Peer], str]
    peer_right: Callable[[str], float]
    notes: Mapping[str, Any] = field(default_factory=dict)


def bench_cases(folder: Path) -> dict[str, Callable[[], BenchCase]]:
    """By name; making one writes its files into `folder`."""
    return {
        "classify": classify,
        "summarize_file": lambda: summarize_file(folder),
        "find_failure": lambda: find_failure(folder),
        "extract": lambda: extract(folder),
        "ask_file": lambda: ask_file(folder),
    }


# 64 lines into 8 labels

LINES: Final[Mapping[str, str]] = {
    "payment problem": "card was refused three times in a row | amount taken but the order shows unpaid"
    " | wallet button does nothing at checkout | bank says fine, your page says declined"
    " | charged twice for the same basket | instalments can't be chosen any more"
    " | refund still isn't on my account | currency switches to dollars when paying",
    "delivery question": "when will my parcel be here | tracking has stood still since Monday"
    " | courier left it with a neighbour I don't know | can you send it to a locker instead"
    " | do you ship to Iceland | package came to the old address | is express possible until Friday"
    " | half of the shipment is missing",
    "login trouble": "can't sign in since the update | the reset mail never arrives"
    " | second factor code is always wrong | locked out after too many tries"
    " | it logs me off every five minutes | password is right but refused"
    " | single sign-on loops back to the start page | my user name isn't recognised any more",
    "slow website": "pages need ten seconds to appear | search takes ages in the evening"
    " | pictures load one after the other | the basket spins for a minute"
    " | checkout is painfully slow on the phone | scrolling stutters in long lists"
    " | response times went up after the release | the start page hangs before it shows anything",
    "feature wish": "a dark theme would be nice | please let us sort by rating"
    " | could there be a wish list that I can share | I'd love an app for my watch"
    " | allow several addresses in one account | an option to hide sold out articles, please"
    " | it would help to compare two products side by side | add a filter for vegan goods",
    "broken layout": "text runs over the button | menu covers half the page in Firefox"
    " | columns overlap when I zoom | footer floats in the middle of the screen"
    " | images are squeezed on a tablet | white letters on a white background"
    " | the table sticks out on the right | icons sit on top of each other",
    "praise": "best shop that I know, thank you | support solved it in minutes, great"
    " | so happy with the new design | everything arrived perfectly packed, wonderful"
    " | your advice was spot on | love how easy ordering has become"
    " | kind people on the phone, a pleasure | top quality, I'll recommend you",
    "job application": "do you have an opening for a designer | I'm sending my CV for the warehouse role"
    " | is the developer position still free | can I do an internship in summer"
    " | what salary does the junior role offer | when will I hear back after the interview"
    " | are there part-time jobs in the office | may I apply without a degree",
}


def classify() -> BenchCase:
    truth = [(line, label) for label, lines in LINES.items() for line in lines.split(" | ")]
    random.Random(0).shuffle(truth)
    items, labels = [line for line, _ in truth], list(LINES)
    system = f"Sort the message under one of these labels: {', '.join(labels)}. Answer with the label alone."

    def right(answer: Mapping[str, Any]) -> float:
        return _share(
            item["label"] == label for item, (_, label) in zip(answer["results"], truth, strict=True)
        )

    def peer(ask: Peer) -> str:
        return "\n".join(ask([PeerPrompt(system, item, 16, choices=tuple(labels)) for item in items]))

    def peer_right(text: str) -> float:
        return _share(given == label for given, (_, label) in zip(text.split("\n"), truth, strict=True))

    return BenchCase(
        "64 lines into 8 labels", "classify", {"items": items, "labels": labels}, right, peer, peer_right
    )


# A file of 50 KB summarized


def summarize_file(folder: Path) -> BenchCase:
    """`shutil` of Python's library: a summary must say what it is for and name nothing that isn't in it."""
    path = folder / "shutil_copy.py"
    shutil.copyfile(shutil.__file__, path)
    text = path.read_text(encoding="utf-8")

    def describes(summary: str) -> float:
        about = all(word in summary.lower() for word in ("copy", "archiv", "director"))
        return float(about and not invented(summary, text))

    def right(answer: Mapping[str, Any]) -> float:
        return describes(json.dumps({name: answer[name] for name in answer if name not in _ENVELOPE}))

    def peer(ask: Peer) -> str:
        system = "You summarize files for programmers. Be exact and short; name only what is in the text."
        parts = ask(
            [PeerPrompt(system, f"Summarize this part of a file:\n\n{part}") for part in _parts(text)]
        )
        together = "\n".join(parts)
        return ask(
            [PeerPrompt(system, f"Say what the whole file is for, from these notes:\n\n{together}", 160)]
        )[0]

    size = f"{len(text) / 1000:.0f} KB"
    return BenchCase(
        f"a file of {size} summarized", "summarize_file", {"path": path.name}, right, peer, describes
    )


_ENVELOPE: Final = {"call_id", "source", "model", "dropped", "note", "confidence", "escalate", "reason"}
_NAME: Final = re.compile(r"\b(?:\w+_\w+|[a-z]+[A-Z]\w+|\w+\(\))")


def invented(summary: str, text: str) -> list[str]:
    """Identifiers of the summary that aren't in the text."""
    fields = {"key_points", "max_words"}  # names of fields of an answer, not of the file
    names = {name.removesuffix("()") for name in _NAME.findall(summary)} - fields
    return sorted(name for name in names if name not in text)


# A failing log of 5,000 lines

PACKAGES: Final = 40
TESTS: Final = 122


def find_failure(folder: Path) -> BenchCase:
    """Tests of 40 packages, run one after the other; one function of package 23 fails on a negative price."""
    path = folder / "nightly.log"
    path.write_text(_nightly_log(folder / "packages"), encoding="utf-8")
    guilty = "ValueError: price is negative: -7"
    lines = path.read_text(encoding="utf-8").split("\n")

    def right(answer: Mapping[str, Any]) -> float:
        return float(any(guilty in span["text"] for span in answer["evidence"]))

    def peer(ask: Peer) -> str:
        system = "You read logs of test runs. Quote the line that says why the run failed, or answer: none."
        found = ask([PeerPrompt(system, part, 64) for part in _parts("\n".join(lines))])
        notes = "\n".join(text for text in found if text.strip().lower() != "none")
        return ask([PeerPrompt(system, f"Candidates:\n{notes[-PART_CHARS:]}\n\nWhich is the cause?", 64)])[0]

    return BenchCase(
        f"a failing log of {len(lines):,} lines",
        "find_failure",
        {"path": path.name},
        right,
        peer,
        lambda text: float("price is negative" in text),
    )


def _nightly_log(folder: Path) -> str:
    output = []
    for number in range(PACKAGES):
        package = folder / f"package_{number:02}"
        package.mkdir(parents=True)
        (package / "test_prices.py").write_text(_package(number), encoding="utf-8")
        command = [sys.executable, "-m", "unittest", "-v"]  # of tests that are written here
        done = processes.run(command, cwd=package)
        output.append(f"== testing package_{number:02}\n{(done.stdout + done.stderr).decode()}")
    return "".join(output)


def _package(number: int) -> str:
    price = -7 if number == 23 else 7
    tests = "".join(
        f"    def test_total_{n:03}(self):\n"
        f"        self.assertGreater(total({price if n == 61 else n + 1}), 0)\n"
        for n in range(TESTS)
    )
    return (
        "import unittest\n\n\ndef total(price):\n    if price < 0:\n"
        "        raise ValueError(f'price is negative: {price}')\n    return price * 2\n\n\n"
        f"class Prices(unittest.TestCase):\n{tests}"
    )


# 20 fields from a document


def extract(folder: Path) -> BenchCase:
    path = folder / "incident.md"
    path.write_text(_report(), encoding="utf-8")
    schema = {
        "type": "object",
        "properties": {
            name: {"type": kind, "description": what} for name, (kind, what, _, _) in FACTS.items()
        },
        "required": list(FACTS),
        "additionalProperties": False,
    }

    def right(data: Mapping[str, Any]) -> float:
        return _share(_plain(data.get(name)) == _plain(value) for name, (_, _, value, _) in FACTS.items())

    def peer(ask: Peer) -> str:
        system = "Fill in the fields from the report. Copy values as they are written."
        return ask([PeerPrompt(system, path.read_text(encoding="utf-8"), 700, schema=schema)])[0]

    def peer_right(text: str) -> float:
        try:
            return right(json.loads(text))
        except ValueError:
            return 0.0

    return BenchCase(
        "20 fields from a document",
        "extract",
        {"path": path.name, "schema": schema},
        lambda answer: right(answer["data"]),
        peer,
        peer_right,
    )


# Name: type, description, value, the sentence of the report that says it.
FACTS: Final[Mapping[str, tuple[str, str, Any, str]]] = {
    "incident_id": ("string", "number of the incident", "INC-20418", "Incident: INC-20418"),
    "service": ("string", "service that failed", "ledger-sync", "Service: ledger-sync"),
    "severity": ("string", "severity", "SEV2", "Severity: SEV2"),
    "region": ("string", "region", "eu-north-2", "Region: eu-north-2"),
    "date": ("string", "date of the incident", "2026-03-14", "Date: 2026-03-14"),
    "started_at": ("string", "time when it started", "04:12", "Started at: 04:12"),
    "detected_at": ("string", "time when it was detected", "04:19", "Detected at: 04:19"),
    "resolved_at": ("string", "time when it was resolved", "06:47", "Resolved at: 06:47"),
    "commander": ("string", "incident commander", "Ilse Brandt", "Incident commander: Ilse Brandt"),
    "reporter": ("string", "who reported it", "Teo Marin", "Reported by: Teo Marin"),
    "affected_customers": ("integer", "number of affected customers", 1382, "Affected customers: 1382"),
    "failed_requests": ("integer", "number of failed requests", 90417, "Failed requests: 90417"),
    "error_rate": (
        "number",
        "highest error rate in percent",
        37.5,
        "The highest error rate was 37.5 percent.",
    ),
    "root_cause": (
        "string",
        "root cause",
        "expired client certificate",
        "Root cause: expired client certificate",
    ),
    "trigger": ("string", "what triggered it", "nightly key rotation", "Trigger: nightly key rotation"),
    "version": ("string", "version that was deployed", "4.18.2", "Deployed version: 4.18.2"),
    "fixed_in": ("string", "version with the fix", "4.18.3", "Fixed in version: 4.18.3"),
    "data_lost": ("boolean", "whether data was lost", False, "Data lost: no"),
    "ticket": ("string", "follow-up ticket", "OPS-7731", "Follow-up ticket: OPS-7731"),
    "review_date": ("string", "date of the review", "2026-03-21", "Review date: 2026-03-21"),
}
_PROSE: Final = (
    "The on-call engineer was paged by the synthetic check and opened a bridge.",
    "Queues upstream of the service filled and were drained after the restart.",
    "Dashboards showed normal load before the incident; no deployment was in flight.",
    "A first restart of two nodes brought no change and was not repeated.",
    "Support answered customers with the standard text and pointed to the status page.",
    "Retries hid the problem from most clients during the first minutes.",
)


def _report() -> str:
    rng = random.Random(3)
    lines = ["# Incident report", ""]
    for _, _, _, sentence in FACTS.values():
        lines += [sentence, *rng.sample(_PROSE, 2), ""]
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    return re.sub(r"\W+", " ", str(value)).strip().lower()


# A question to a file of 2,000 lines


def ask_file(folder: Path) -> BenchCase:
    path = folder / "services.conf"
    lines = list(_settings())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    question, wanted = "On which port does the invoice exporter listen?", "7419"
    line = 1 + next(index for index, text in enumerate(lines) if wanted in text)

    def right(answer: Mapping[str, Any]) -> float:
        return float(any(span["start"] <= line <= span["end"] for span in answer["evidence"]))

    def peer(ask: Peer) -> str:
        system = "Answer the question from the text. If the text doesn't say it, answer: not found."
        found = ask([PeerPrompt(system, f"{part}\n\n{question}", 48) for part in _parts("\n".join(lines))])
        notes = "\n".join(text for text in found if "not found" not in text.lower())
        return ask([PeerPrompt(system, f"{notes[-PART_CHARS:]}\n\n{question}", 48)])[0]

    return BenchCase(
        f"a question to a file of {len(lines):,} lines",
        "ask_file",
        {"paths": [path.name], "question": question},
        right,
        peer,
        lambda text: float(wanted in text),
    )


_THINGS: Final = ("invoice", "mail", "stock", "price", "image", "order", "audit", "search", "label", "tax")
_ROLES: Final = "exporter importer gateway worker indexer cache watcher proxy mirror queue".split()  # noqa: SIM905


def _settings() -> Iterator[str]:
    """100 services of 20 lines each."""
    rng = random.Random(5)
    for thing in _THINGS:
        for role in _ROLES:
            port = 7419 if (thing, role) == ("invoice", "exporter") else rng.randrange(20_000, 60_000)
            yield from (
                f"# The {thing} {role}",
                f"[{thing}-{role}]",
                f"listen_port = {port}",
                f"workers = {rng.randrange(1, 17)}",
                f"timeout_s = {rng.randrange(100, 1000)}",
                f"retries = {rng.randrange(1, 10)}",
                f"log_level = {rng.choice(('info', 'debug', 'warning'))}",
                f"data_dir = /srv/{thing}/{role}",
                *(f"option_{n:02} = {rng.choice(('on', 'off', 'auto'))}" for n in range(11)),
                "",
            )


def _parts(text: str) -> list[str]:
    """Whole lines, at most PART_CHARS each."""
    parts, part = [], ""
    for line in text.splitlines(keepends=True):
        if len(part) + len(line) > PART_CHARS:
            parts.append(part)
            part = ""
        part += line
    return [*parts, part]


def _share(right: Iterator[bool]) -> float:
    marks = list(right)
    return sum(marks) / len(marks)
