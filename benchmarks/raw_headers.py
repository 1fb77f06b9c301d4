"""Headers of many kinds before labelled messages: does parse_log group the lines as it groups the messages?

    python benchmarks/raw_headers.py --data logs

`logs` holds labelled logs in the form of `eval logs` (`benchmarks/label_log.py` makes them). Prints the mean
share of lines in a group that is exactly the true one (GA): of the messages alone, then for each kind of
header.
"""

from __future__ import annotations

import argparse
import datetime
import random
import statistics
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mcp_smalltools.evaluation.suites.logs import LabelledLog, parse_messages, read_logs, score
from mcp_smalltools.logs.counting.parser import LogParser
from mcp_smalltools.logs.keys.block import Block
from mcp_smalltools.logs.templates.parsed_log import derive_templates

_START = datetime.datetime(2026, 4, 30, 22, 10)
_LEVELS = ("DEBUG", "INFO", "INFO", "INFO", "WARNING", "ERROR")
_COMPONENTS = ("core.cache", "core.store", "net.http.server", "net.http.client", "jobs.queue", "auth")


@dataclass(frozen=True, slots=True)
class Line:
    """What a header may tell: some of it hangs on the event, the rest is chance."""

    now: datetime.datetime
    level: str
    component: str
    source_line: int
    chance: random.Random

    @property
    def host(self) -> str:
        return f"node-{self.chance.randrange(8):02}-{self.chance.randrange(64)}"

    @property
    def pid(self) -> int:
        return self.chance.choice((7, 812, 2931, 2932, 10440))

    @property
    def thread(self) -> str:
        return self.chance.choice(("main", "worker-1", "worker-12", "pool-1-thread-3"))

    @property
    def long_thread(self) -> str:
        number = self.chance.randrange(40)
        return self.chance.choice(
            (
                "main",
                f"IPC Server handler {number} on 4{number:04}",
                f"Socket Reader #{number} for port 4{number:04}",
                "Event dispatcher: shutdown hook",
                f"main-SendThread({self.address}:2181)",
                f"Lease renewer:ada@{self.host}:9000",
                f"Streamer for file /srv/{self.request}/{self.request}.hist, block {self.request}",
            )
        )

    @property
    def address(self) -> str:
        return f"10.0.{self.chance.randrange(4)}.{self.chance.randrange(1, 255)}"

    @property
    def request(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128)))

    @property
    def user(self) -> str:
        return self.chance.choice(("ada", "bob", "eve", "root", "-"))

    @property
    def word(self) -> str:
        return self.component.split(".")[-1]

    def time(self, form: str = "%Y-%m-%d %H:%M:%S") -> str:
        return self.now.strftime(form)

    @property
    def milli(self) -> str:
        return f"{self.now.microsecond // 1000:03}"


KINDS: dict[str, Callable[[Line], str]] = {
    "python": lambda x: f"{x.time()},{x.milli} - {x.component} - {x.level} - ",
    "log4j": lambda x: f"{x.time()},{x.milli} {x.level} [{x.thread}] com.acme.{x.component}: ",
    "long threads": lambda x: (
        f"{x.time()},{x.milli} {x.level} [{x.long_thread}] org.acme.{x.component}$Inner: "
    ),
    "nested": lambda x: (
        f"{x.time()},{x.milli} - {x.level:<5}  "
        + x.chance.choice(
            (
                f"[Peer[id={x.pid}]/0:0:0:0:0:0:0:0:2181:{x.word.title()}@{x.source_line}] - ",
                f"[/{x.address}:3888:Manager$Listener@{x.source_line}] - ",
                f"[main:{x.word.title()}@{x.source_line}] - ",
            )
        )
    ),
    "logback": lambda x: f"{x.time('%H:%M:%S')}.{x.milli} [{x.thread}] {x.level} c.a.{x.component} - ",
    "spring": lambda x: (
        f"{x.time()}.{x.milli} {x.level:>5} {x.pid} --- [{x.thread:>15}] c.a.{x.component:<20} : "
    ),
    "syslog": lambda x: f"{x.time('%b %d %H:%M:%S')} {x.host} {x.word}[{x.pid}]: ",
    "rfc5424": lambda x: f"<34>1 {x.time('%Y-%m-%dT%H:%M:%S')}.{x.milli}Z {x.host} {x.word} {x.pid} ID47 - ",
    "klog": lambda x: (
        f"{x.level[0]}{x.time('%m%d %H:%M:%S')}.{x.milli}000    {x.pid} {x.word}.go:{x.source_line}] "
    ),
    "glog": lambda x: (
        f"{x.level[0]}{x.time('%Y%m%d %H:%M:%S')}.{x.milli}000 {x.pid} {x.word}.cc:{x.source_line}] "
    ),
    "nginx": lambda x: (
        f"{x.time('%Y/%m/%d %H:%M:%S')} [{x.level.lower()}] {x.pid}#{x.pid}: *{x.chance.randrange(9999)} "
    ),
    "apache": lambda x: (
        f"[{x.time('%a %b %d %H:%M:%S')}.{x.milli}000 2026] [{x.word}:{x.level.lower()}] "
        f"[pid {x.pid}:tid {x.pid}] "
        f"[client {x.address}:{x.chance.randrange(1024, 65536)}] "
    ),
    "columns": lambda x: (
        f"- {int(x.now.timestamp())} {x.time('%Y.%m.%d')} {(h := x.host)} "
        f"{x.time('%Y-%m-%d-%H.%M.%S')}.{x.milli}000 {h} SYS {x.word.upper()} {x.level} "
    ),
    "request": lambda x: (
        f"{x.time()}.{x.milli} {x.pid} {x.level} {x.component} "
        + x.chance.choice((f"[req-{x.request} {x.chance.getrandbits(128):032x} {x.user} - - -] ", "[-] "))
    ),
    "brackets": lambda x: f"[{x.time()}] [{x.level}] [{x.thread}] [{x.component}] ",
    "mixed": lambda x: (
        f"{x.time('%Y-%m-%dT%H:%M:%S')}.{x.milli}Z {x.level} {x.word} {x.thread} "
        f"{x.chance.getrandbits(48):012x} "
    ),
    "django": lambda x: f"{x.level} {x.time()},{x.milli} {x.word} {x.pid} {x.chance.getrandbits(47)} ",
    "zap": lambda x: (
        f"{x.time('%Y-%m-%dT%H:%M:%S')}.{x.milli}Z\t{x.level}\t{x.component}\t{x.word}/main.go:{x.source_line}\t"
    ),
    "logcat": lambda x: (
        f"{x.time('%m-%d %H:%M:%S')}.{x.milli} {x.pid:>5} {x.pid:>5} {x.level[0]} {x.word.title()}: "
    ),
    "loguru": lambda x: f"{x.time()}.{x.milli} | {x.level:<8} | {x.component}:run:{x.source_line} - ",
    "european": lambda x: f"{x.time('%d.%m.%Y %H:%M:%S')} {x.level} {x.host} {x.word}: ",
    "compact": lambda x: f"{x.time('%Y%m%dT%H%M%S')}.{x.milli} {x.pid} {x.level[0]} {x.word} ",
    "cbs": lambda x: f"{x.time()}, {x.level.title():<21} {x.word.upper():<6} ",
    "level late": lambda x: f"{x.time('%H:%M:%S')} {x.host} {x.pid} {x.word} {x.level} ",
    "host first": lambda x: f"{x.host} {int(x.now.timestamp())} {x.level} {x.word} ",
    "commas": lambda x: f"{x.time()},{x.level},{x.host},{x.word},",
    "many": lambda x: (
        f"{x.host} {x.address} {x.time()} +0000 {x.user} {x.chance.getrandbits(32):08x} {x.level} "
    ),
    "no time": lambda x: f"{x.level} {x.thread} {x.word} ",
    "no time, bracket": lambda x: f"[{x.level.lower()}] {x.word} {x.pid} ",
    "gunicorn": lambda x: f"[{x.time()} +0000] [{x.pid}] [{x.level}] ",
    "kernel": lambda x: f"[{(x.now - _START).total_seconds():12.6f}] {x.word}: ",
    "hpc": lambda x: (
        f"{x.time()} R{x.chance.randrange(64):02}-M{x.chance.randrange(2)} {x.word} "
        f"0x{x.chance.getrandbits(32):08x} {x.level} "
    ),
    "epoch": lambda x: (
        f"{int(x.now.timestamp())}.{x.milli} {x.word}/{x.chance.randrange(4)} "
        f"<req {x.chance.getrandbits(24):06x}> "
    ),
    "postgres": lambda x: (
        f"{x.time()}.{x.milli} UTC [{x.pid}] {x.user.strip('-') or 'app'}@shop {x.level}:  "
    ),
    "mongo": lambda x: (
        f"{x.time('%Y-%m-%dT%H:%M:%S')}.{x.milli}+0000 {x.level[0]} {x.word.upper():<8} "
        f"[conn{x.chance.randrange(999)}] "
    ),
    "minutes": lambda x: f"{x.time('%Y-%m-%d %H:%M')} {x.level} {x.word} {x.host} ",
    "slashes": lambda x: f"{x.time('%m/%d %H:%M:%S')} {x.word}({x.pid}) {x.level}: ",
    "months": lambda x: f"{x.time('%d-%b-%Y %H:%M:%S')}.{x.milli} {x.level} [{x.thread}] {x.component} ",
}


def first_lines(log: LabelledLog, lines: int) -> LabelledLog:
    return LabelledLog(log.system, log.contents[:lines], log.templates[:lines], None)


def headed(log: LabelledLog, kind: Callable[[Line], str], seed: str) -> list[str]:
    """The messages with a header each; level and component are those of the event."""
    chance, now, lines = random.Random(seed), _START, []
    for content, template in zip(log.contents, log.templates, strict=True):
        now += datetime.timedelta(milliseconds=chance.expovariate(1 / 400))
        event = random.Random(template)
        line = Line(now, event.choice(_LEVELS), event.choice(_COMPONENTS), event.randrange(10, 900), chance)
        lines.append(kind(line) + content)
    return lines


def groups_of(lines: list[str]) -> list[int]:
    """The number of the template of each line."""
    parser = LogParser()
    parser.feed(Block.of(1, lines))
    log = derive_templates(parser)
    return [log.template_of_shape[layout.line_type.shape].id for layout in parser.table.layouts_of(lines)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=2_000, help="of each log (default 2000)")
    parser.add_argument("--kind", action="append", choices=sorted(KINDS))
    args = parser.parse_args()
    logs = [first_lines(log, args.lines) for log in read_logs(args.data)]
    alone = statistics.mean(score(parse_messages(log.contents), log.templates, 1).ga for log in logs)
    print(f"{'messages alone':<20} {alone:.3f}")
    of_kind = {}
    for name in args.kind or KINDS:
        each = [score(groups_of(headed(log, KINDS[name], name)), log.templates, 1).ga for log in logs]
        of_kind[name] = statistics.mean(each)
        print(f"{name:<20} {of_kind[name]:.3f}   {' '.join(f'{value:.2f}' for value in each)}", flush=True)
    print(f"{'mean':<20} {statistics.mean(of_kind.values()):.3f}")


if __name__ == "__main__":
    main()
