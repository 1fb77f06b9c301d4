"""Headers by grammar: any form of time and level in any order, wrapping and place, hundreds of combinations.

Each combination is composed with a known time, level and message, and each of these has to be read.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.logs.headers import scanner
from mcp_smalltools.logs.headers.read_header import read_line
from mcp_smalltools.logs.lines.line_table import LineTable
from mcp_smalltools.logs.lines.times import to_seconds

MESSAGE = "order 4411 accepted from shop north"
AT = 1772615700.0
"""2026-03-04 09:15:00"""
DATED = {
    "iso": "2026-03-04T09:15:00",
    "iso zone": "2026-03-04T09:15:00Z",
    "iso ms zone": "2026-03-04T09:15:00.000+00:00",
    "blank": "2026-03-04 09:15:00",
    "comma": "2026-03-04 09:15:00,000",
    "micro": "2026-03-04 09:15:00.000000",
    "zone name": "2026-03-04 09:15:00 UTC",
    "slashes": "2026/03/04 09:15:00",
    "dots": "2026.03.04 09:15:00.000000",
    "day first": "04.03.2026 09:15:00",
    "month name": "04-Mar-2026 09:15:00.000",
    "access": "04/Mar/2026:09:15:00 +0000",
    "ctime": "Wed Mar  4 09:15:00 2026",
    "rfc 2822": "Wed, 04 Mar 2026 09:15:00 +0000",
    "halves": "Mar 04, 2026 9:15:00 AM",
    "epoch": "1772615700",
    "epoch ms": "1772615700000",
    "epoch fraction": "1772615700.000000",
    "compact": "20260304 09:15:00",
    "compact T": "20260304T091500Z",
    "unreal": "2026.03.04-09.15.00:000",
    "two digits": "260304 09:15:00",
    "colons": "2026:03:04 09:15:00",
    "all colons": "2026:03:04:09:15:00",
    "colons and dash": "2026:03:04-09:15:00",
    "underscore and dashes": "2026-03-04_09-15-00",
    "clock with dots": "2026-03-04 09.15.00",
    "minutes": "2026-03-04 09:15",
    "minutes T": "2026-03-04T09:15",
    "spaces": "2026. 3. 4. 9:15:00",
    "year and month name": "2026-Mar-04 09:15:00",
    "month name first": "Mar-04-2026 09:15:00",
    "short year": "04-Mar-26 09:15:00",
    "oracle": "04-MAR-26 09.15.00.000000 AM",
    "whole names": "Wednesday, March 4, 2026 9:15:00 AM",
    "whole month": "04 March 2026 09:15:00",
    "ctime year first": "Wed Mar 4 2026 09:15:00",
    "locale": "Wed 04 Mar 2026 09:15:00 AM CET",
    "clock first": "09:15:00 04-Mar-2026",
    "hours ahead": "2026-03-04 10:15:00 GMT+1",
    "go": "2026-03-04 09:15:00.000000 +0000 UTC",
    "hours alone": "2026-03-04 04:15:00 -05",
}
UNDATED = {
    "clock": "09:15:00",
    "clock ms": "09:15:00.000",
    "clock comma": "09:15:00,000",
    "syslog": "Mar  4 09:15:00",
}
LEVELS = {
    "INFO": "info",
    "WARN": "warning",
    "WARNING": "warning",
    "ERROR": "error",
    "DEBUG": "debug",
    "FATAL": "fatal",
    "CRITICAL": "fatal",
    "TRACE": "trace",
    "NOTICE": "notice",
    "SEVERE": "error",
    "INF": "info",
    "WRN": "warning",
    "ERR": "error",
    "DBG": "debug",
}
WRAPPED = ("{time} {level} {message}", "{time} [{level}] {message}", "{time} {level}: {message}")
HEADERS = (
    *WRAPPED,
    "[{time}] {level} {message}",
    "[{time}] [{level}] {message}",
    "[{time}][{level}] {message}",
    "[{time}] {level}: {message}",
    "[{time} {level}] {message}",
    "[{level}] {time} {message}",
    "[{level}] [{time}] {message}",
    "{level} {time} {message}",
    "{level} [{time}] {message}",
    "{time} | {level} | {message}",
    "{time} - {level} - {message}",
    "{time}\t{level}\t{message}",
    "{time} <{level}> {message}",
    "{time} ({level}) {message}",
    "{time} {level:<8} {message}",
    "{time} [{level:<8}] {message}",
    "{time} [main] {level} {message}",
    "{time} [main] {level} shop.cart.Service - {message}",
    "{time} {level} [main] shop.cart.Service - {message}",
    "{time} {level} shop.cart.Service: {message}",
    "{time} {level} 4711 --- [main] shop.cart.Service : {message}",
    "{time} 4711 {level} {message}",
    "{time} [4711] {level} {message}",
    "{time} 4711 4712 {level} {message}",
    "{time} - shop.cart - {level} - {message}",
    "{time} shop.cart {level} {message}",
    "{time} shop.cart [{level}] {message}",
    "{time} host-1 shop[4711]: {level} {message}",
    "{time} {level} cart.py:41 {message}",
    "{time} {level} (cart.py:41) {message}",
    "{time} {level} [cart.py:41] {message}",
    "{time} | {level} | shop.cart:accept:41 - {message}",
    "{time} [{level}] [main] {message}",
    "{time} [main] [{level}] {message}",
    "{time} [4711:shop.cart:21] [{level}] {message}",
    "[{time}] [main/{level}] {message}",
    "[{time}] [main/{level}]: {message}",
    "[{time}] shop.{level}: {message}",
    "[{time}: {level}/MainProcess] {message}",
    "{time} {level} (MainThread) [shop.cart] {message}",
    "(Api pid=7) {level} {time} {message}",
    "[shop.cart][{level}] {time}: {message}",
    "{time} pid=4711 tid=abc {level}: {message}",
    "{time} {{cart.py:41}} {level} - {message}",
    "{level} [main] {time} Cart.java:41 - {message}",
    "{time}|shop.cart|{level}|{message}",
    "{time}|{level}|shop.cart|{message}",
    "{time} || {level} || {message}",
    "{time} / {level} / {message}",
    "{time} --> {level} {message}",
    "{time} .:. {level} .:. {message}",
    "{time} [main] ....  {level} --- shop.cart: {message}",
    "*** {time} {level} {message}",
    "## {time} [{level}] {message}",
    "[{time}] [{level}-shop.cart] {message}",
    "[{time}] [{level} : shop.cart] {message}",
    "[{level}|{time}|shop.cart] {message}",
    "{time} [shop.cart::{level}] {message}",
    "{time} shop.cart/{level}: {message}",
    "{time} shop.cart.{level}: {message}",
    "{time} level={level} {message}",
    "{level}: {time}: {message}",
    "{time}::{level}::{message}",
)
CARRIED = (
    "",
    "web-1  | ",
    "cart_1 | ",
    "[pod/cart-7d9f/cart] ",
    "2026-03-04T09:15:00.123456789Z stdout F ",
    "2026-03-04T09:15:00.1234567Z ",
    "[task 2026-03-04T09:15:00.000Z] ",
)


def combinations() -> Iterator[tuple[str, str, str, str]]:
    """The line, its time, its level's name, and the header's form: each pair of parts at least once."""
    times = [*DATED.values(), *UNDATED.values()]
    names = itertools.cycle(LEVELS)
    for header, time in itertools.product(HEADERS, times):
        name = next(names)
        yield header.format(time=time, level=name, message=MESSAGE), time, name, header


ALL = [*combinations()]


def is_read(line: str, time: str, name: str) -> str | None:
    """What is wrong with how a line is read."""
    read = read_line(line)
    seconds = to_seconds(read.time) if read.time is not None else None
    if seconds is None or seconds != to_seconds(time):
        return f"time {read.time!r}"
    if (read.level, read.level_said) != (LEVELS[name], True):
        return f"level {read.level!r}"
    return None if read.content.endswith(MESSAGE) and len(read.content) <= len(MESSAGE) + 30 else read.content


@pytest.mark.parametrize("header", HEADERS)
def test_time_and_level_of_any_form_are_read_in_any_header(header: str) -> None:
    wrong = {
        line: fault
        for line, time, name, form in ALL
        if form == header and (fault := is_read(line, time, name)) is not None
    }
    assert not wrong


@pytest.mark.parametrize("time", [*DATED.values()], ids=DATED)
def test_dated_times_are_the_time_that_they_say(time: str) -> None:
    assert to_seconds(time) == AT


@pytest.mark.parametrize("carrier", CARRIED[1:])
def test_what_carried_a_line_changes_neither_its_level_nor_its_message(carrier: str) -> None:
    for header, name in itertools.product(HEADERS, ("INFO", "ERROR")):
        line = header.format(time=DATED["blank"], level=name, message=MESSAGE)
        alone, carried = read_line(line), read_line(carrier + line)
        assert (carried.content, carried.level, carried.headed) == (alone.content, alone.level, True), line
        assert carried.time is not None


M = "session opened"
PROGRAMS: dict[str, tuple[str, str]] = {
    "klog": ("E«0304 09:15:00.123456»    1 main.go:12] ", "error"),
    "glog": ("W«20260304 09:15:00.123456»  4711 a.cc:12] ", "warning"),
    "log4j": ("«2026-03-04 09:15:00,123» WARN  [main] com.acme.Shop (Shop.java:12) - ", "warning"),
    "logback": ("«09:15:00.123» [main] ERROR com.acme.Shop -- ", "error"),
    "spring": ("«2026-03-04T09:15:00.123+01:00»  WARN 4711 --- [shop] [main] c.a.Shop   : ", "warning"),
    "quarkus": ("«2026-03-04 09:15:00,123» ERROR [io.qua.Run] (main) ", "error"),
    "wildfly": ("«09:15:00,123» WARN  [org.jboss.as] (MSC service thread 1-2) ", "warning"),
    "serilog": ("[«09:15:00» WRN] ", "warning"),
    "serilog file": ("«2026-03-04 09:15:00.123 +00:00» [ERR] ", "error"),
    "nlog": ("«2026-03-04 09:15:00.1234»|ERROR|Acme.Shop|", "error"),
    "jul simple": ("«Mar 04, 2026 9:15:00 AM» SEVERE ", "error"),
    "tracing": ("«2026-03-04T09:15:00.123456Z»  WARN shop::cart: ", "warning"),
    "env_logger": ("[«2026-03-04T09:15:00Z» ERROR shop::cart] ", "error"),
    "zap": ("«2026-03-04T09:15:00.123Z»\tERROR\tcart/main.go:41\t", "error"),
    "zerolog": ("«9:15AM» WRN ", "warning"),
    "logrus": ("WARN[0001] ", "warning"),
    "winston": ("warn: ", "warning"),
    "winston time": ("«2026-03-04T09:15:00.123Z» [error]: ", "error"),
    "bunyan pretty": ("[«2026-03-04T09:15:00.123Z»]  WARN: ", "warning"),
    "pino pretty": ("[«09:15:00.123»] ERROR (4711): ", "error"),
    "structlog": ("«2026-03-04 09:15:00» [warning  ] ", "warning"),
    "loguru": ("«2026-03-04 09:15:00.123» | ERROR    | shop:main:12 - ", "error"),
    "laravel": ("[«2026-03-04 09:15:00»] local.ERROR: ", "error"),
    "rails": ("E, [«2026-03-04T09:15:00.123456» #4711] ERROR -- : ", "error"),
    "sidekiq": ("«2026-03-04T09:15:00.123Z» pid=4711 tid=abc class=X WARN: ", "warning"),
    "gunicorn": ("[«2026-03-04 09:15:00 +0000»] [4711] [ERROR] ", "error"),
    "uvicorn": ("WARNING:  ", "warning"),
    "flask": ("[«2026-03-04 09:15:00,123»] ERROR in app: ", "error"),
    "celery": ("[«2026-03-04 09:15:00,123»: WARNING/MainProcess] ", "warning"),
    "airflow": ("[«2026-03-04T09:15:00.123+0000»] {task.py:12} ERROR - ", "error"),
    "scrapy": ("«2026-03-04 09:15:00» [scrapy.core.engine] ERROR: ", "error"),
    "jupyter": ("[W «2026-03-04 09:15:00.123» ServerApp] ", "warning"),
    "tornado": ("[E «260304 09:15:00» web:123] ", "error"),
    "salt": ("«2026-03-04 09:15:00,123» [salt.minion      :123 ][ERROR   ][4711] ", "error"),
    "fail2ban": ("«2026-03-04 09:15:00,123» fail2ban.filter         [4711]: WARNING ", "warning"),
    "postgres": ("«2026-03-04 09:15:00.123 UTC» [4711] shop@db ERROR:  ", "error"),
    "mysql 5": ("«260304  9:15:00» [Warning] ", "warning"),
    "mysql 8": ("«2026-03-04T09:15:00.123456Z» 0 [ERROR] [MY-010055] [Server] ", "error"),
    "mongod 3": ("«2026-03-04T09:15:00.123+0000» W NETWORK  [conn1] ", "warning"),
    "redis": ("4711:M «04 Mar 2026 09:15:00.123» # ", "warning"),
    "etcd": ("«2026-03-04 09:15:00.123456» W | etcdserver: ", "warning"),
    "cockroach": ("W«260304 09:15:00.123456» 123 server.go:12 ", "warning"),
    "clickhouse": ("«2026.03.04 09:15:00.123456» [ 4711 ] {} <Error> ", "error"),
    "cassandra": ("WARN  [main] «2026-03-04 09:15:00,123» Shop.java:123 - ", "warning"),
    "kafka": ("[«2026-03-04 09:15:00,123»] ERROR ", "error"),
    "zookeeper": ("«2026-03-04 09:15:00,123» [myid:1] - WARN  [main:Peer@123] - ", "warning"),
    "spark": ("«26/03/04 09:15:00» WARN Shop: ", "warning"),
    "elasticsearch": ("[«2026-03-04T09:15:00,123»][WARN ][o.e.n.Node   ] [node-1] ", "warning"),
    "solr": ("«2026-03-04 09:15:00.123» ERROR (qtp1-12) [   x:core] o.a.s.c.Core ", "error"),
    "activemq": ("«2026-03-04 09:15:00,123» | WARN  | ", "warning"),
    "jetty": ("«2026-03-04 09:15:00.123»:WARN:oejs.Server:main: ", "warning"),
    "jenkins": ("«2026-03-04 09:15:00.123+0000» [id=1]\tWARNING\thudson.Shop#bar: ", "warning"),
    "weblogic": ("####<«Mar 4, 2026 9:15:00,123 AM CET»> <Error> <HTTP> <BEA-000001> ", "error"),
    "websphere": ("[«3/4/26 9:15:00:123 CET»] 00000001 Shop  E   CODE1234E: ", "error"),
    "minecraft": ("[«09:15:00»] [Server thread/WARN]: ", "warning"),
    "paper": ("[«09:15:00» ERROR]: ", "error"),
    "unreal": ("[«2026.03.04-09.15.00:123»][ 12]LogShop: Error: ", "error"),
    "logcat": ("«03-04 09:15:00.123»  4711  4712 W ShopService: ", "warning"),
    "logcat brief": ("E/ShopService( 4711): ", "error"),
    "jvm gc": ("[«0.123s»][warning][gc] ", "warning"),
    "nginx": ("«2026/03/04 09:15:00» [error] 4711#4711: *1 ", "error"),
    "apache": ("[«Wed Mar 04 09:15:00.123456 2026»] [core:error] [pid 4711:tid 1] ", "error"),
    "php-fpm": ("[«04-Mar-2026 09:15:00»] WARNING: ", "warning"),
    "haproxy alert": ("[WARNING] 063/091500 (4711) : ", "warning"),
    "envoy": ("[«2026-03-04 09:15:00.123»][1][warning][main] [source/a.cc:12] ", "warning"),
    "istio": ("«2026-03-04T09:15:00.123456Z»\twarn\t", "warning"),
    "caddy": ("«2026/03/04 09:15:00.123»\tERROR\thttp\t", "error"),
    "nats": ("[4711] «2026/03/04 09:15:00.123456» [ERR] ", "error"),
    "telegraf": ("«2026-03-04T09:15:00Z» E! ", "error"),
    "hashicorp": ("«2026-03-04T09:15:00.123Z» [WARN]  agent.shop: ", "warning"),
    "slog": ("«2026/03/04 09:15:00» WARN ", "warning"),
    "fern": ("[«2026-03-04][09:15:00»][shop][ERROR] ", "error"),
    "spdlog": ("[«2026-03-04 09:15:00.123»] [shop] [error] ", "error"),
    "boost": ("[«2026-03-04 09:15:00.123456»] [0x00007f] [warning] ", "warning"),
    "chromium": ("[4711:4712:«0304/091500.123456»:ERROR:shop.cc(123)] ", "error"),
    "xorg": ("[    «12.345»] (EE) ", "error"),
    "asterisk": ("[«Mar  4 09:15:00»] WARNING[4711][C-0001]: shop.c:123 dial: ", "warning"),
    "freeswitch": ("«2026-03-04 09:15:00.123456» 98.70% [ERR] shop.c:12 ", "error"),
    "bind": ("«04-Mar-2026 09:15:00.123» general: error: ", "error"),
    "cups": ("E [«04/Mar/2026:09:15:00 +0000»] ", "error"),
    "suricata": ("«4/3/2026 -- 09:15:00» - <Error> - ", "error"),
    "wazuh": ("«2026/03/04 09:15:00» ossec-shop: WARNING: ", "warning"),
    "cisco": ("*«Mar  4 09:15:00.123»: %LINK-3-UPDOWN: ", "error"),
    "cisco asa": ("%ASA-4-106023: ", "warning"),
    "rabbitmq": ("«2026-03-04 09:15:00.123456+00:00» [error] <0.123.0> ", "error"),
    "couchdb": ("[error] «2026-03-04T09:15:00.123456Z» nonode@nohost <0.123.0> -------- ", "error"),
    "elixir": ("«09:15:00.123» request_id=abc [warning] ", "warning"),
    "vmware": ("«2026-03-04T09:15:00.123Z» warning hostd[4711] [Originator@6876 sub=x] ", "warning"),
    "libvirt": ("«2026-03-04 09:15:00.123+0000»: 4711: error : ", "error"),
    "ros": ("[ERROR] [«1772615700.123456»]: ", "error"),
    "ros 2": ("[WARN] [«1772615700.123456789»] [node]: ", "warning"),
    "nest": ("[Nest] 4711  - «03/04/2026, 9:15:00 AM»   ERROR [Shop] ", "error"),
    "tidb": ("[«2026/03/04 09:15:00.123 +00:00»] [WARN] [shop.go:12] ", "warning"),
    "tomcat german": ("«04-Mar-2026 09:15:00.123» SCHWERWIEGEND [main] ", "error"),
    "tomcat french": ("«04-Mar-2026 09:15:00.123» AVERTISSEMENT [main] ", "warning"),
    "tomcat japanese": ("«04-Mar-2026 09:15:00.123» 重大 [main] ", "error"),
    "windows cbs": ("«2026-03-04 09:15:00», Error                 CBS    ", "error"),
    "lambda": ("«2026-03-04T09:15:00.123Z»\tabc-def\tERROR\t", "error"),
    "maven": ("[ERROR] ", "error"),
    "python": ("ERROR:shop.worker:", "error"),
    "pytest": ("ERROR    root:shop.py:12 ", "error"),
    "ansible": ("«2026-03-04 09:15:00,123» p=4711 u=root n=ansible ERROR| ", "error"),
    "syslog pri": ("<11>«Mar  4 09:15:00» host app[4711]: ", "error"),
    "rfc 5424": ("<12>1 «2026-03-04T09:15:00.123Z» host app 4711 ID1 [a@1 k=\"v]\"] ", "warning"),
    "syslog inner": ("«Mar  4 09:15:00» host app[4711]: 2026-03-04 09:15:00 [ERROR] ", "error"),
}  # fmt: skip
"""Headers, their time between marks, and their level."""


@pytest.mark.parametrize(("marked", "level"), PROGRAMS.values(), ids=PROGRAMS)
def test_the_header_of_a_program_is_read_and_its_message_is_whole(marked: str, level: str) -> None:
    found = re.search("«(.*)»", marked)
    time = found[1] if found is not None else None
    read = read_line(re.sub("[«»]", "", marked) + M)
    assert (read.time, read.level, read.level_said) == (time, level, True)
    assert read.content.endswith(M)
    assert read.time is None or to_seconds(read.time) is not None


def test_the_key_of_a_line_is_read_as_the_line_is() -> None:
    table = LineTable()
    lines = [line for line, *_ in ALL]
    for line, layout in zip(lines, table.layouts_of(lines), strict=True):
        read = read_line(line)
        header = layout.line_type.header
        assert (header.format, header.level) == (read.format, read.level), line
        assert layout.time is not None, line
        assert line[layout.time.start :].startswith(read.time or "?"), line


_PIECES = st.sampled_from(
    (
        *("2026-03-01 10:00:00", "2026-03-01T10:00:00,123", "2026-03-01T10:00:00.1Z", "11 Dec 2026 10:00:00"),
        *("INFO", "ERROR", "WARNING", "error", "Jan", "Mon", "order", "accepted", "11", "1234", "DETAIL:"),
        *("[main]", "shop:", "a.b.C", "key=value", "-", "|", "I", "(4)", "EST", "AM", "x.py:12"),
    )
)


@given(st.lists(_PIECES, min_size=1, max_size=6), st.sampled_from((" ", "  ", "\t", ": ")), st.booleans())
def test_the_short_ways_of_a_scan_give_what_token_by_token_gives(pieces, joint, carried) -> None:
    line = joint.join(pieces) + " done"
    read = scanner.scan_header(line, carried=carried)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "is_text", lambda *_: False)
        patch.setattr(scanner._Scan, "_take_common", lambda _: False)
        assert scanner.scan_header(line, carried=carried) == read
