"""Logs of many forms for property tests: the same few events, written as different programs write them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

START = datetime.datetime(2026, 3, 4, 9, 15)
_MESSAGES = (
    "user {} logged in",
    "write of block {} timed out after {} ms",
    "order {} lost: code={}",
    "GET /items/{} 200 {}",
    "",
    "état {} — 完了 {}",
    "Failed to open /var/lib/x{}: Permission denied ({})",
    "a\tb {} [c] {{d}} = {}",
)
_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NOTICE")
_STRAYS = (
    "",
    "   ",
    "Traceback (most recent call last):",
    '  File "a.py", line 3, in run',
    "ValueError: bad value 7",
    "\tat com.acme.Cart.add(Cart.java:17)",
    "Caused by: java.io.IOException: disk full",
    "}",
    "[stacktrace]",
    "#0 /srv/app/Cart.php(17): add(Object(Item))",
    "#1 /srv/app/index.php(3): run()",
    "#2 {main}",
    "    at Cart.add (/srv/cart.js:17:5)",
    "    at Cart.drop (/srv/cart.js:99:1)",
    "... 3 more",
    "# Time: 2026-03-04T09:15:00Z",
    "-- Logs begin at Wed 2026-03-04 --",
    "\x1b[31mERROR\x1b[0m coloured",
    "50%\r100%",
    "=" * 40,
    '{"broken": ',
)
Form = Callable[[datetime.datetime, str, str], str]


def _json(at: datetime.datetime, level: str, message: str) -> str:
    return json.dumps({"time": at.isoformat() + "Z", "level": level.lower(), "msg": message, "n": 7})


FORMS: Sequence[Form] = (
    lambda at, level, text: f"{at} {level} {text}",
    lambda at, level, text: f"{at.isoformat()}+03:30 [{level}] shop.cart: {text}",
    lambda at, level, text: f"[{at:%d/%b/%Y:%H:%M:%S} -0500] {level.lower()}: {text}",
    lambda at, level, text: f"{at:%b %d %H:%M:%S} host app[12]: {text}",
    lambda at, level, text: f"{at:%H:%M:%S}.250 {level[0]} {text}",
    lambda at, level, text: f"[{at.timestamp():12.6f}] {text}",
    lambda at, level, text: f"[ {at.second + 60 * at.minute}.000123] usb 1-1: {text}",
    lambda at, level, text: f"{int(at.timestamp() * 1000)} {level} {text}",
    lambda at, level, text: f"{level}:shop:{text}",
    lambda at, level, text: f"@{at.second:03}@ {text}",
    lambda at, level, text: f'10.0.0.{at.second} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET /{at.second}" 404 9',
    lambda at, level, text: f"{level[0]}{at:%m%d %H:%M:%S}.000123   12 a.go:7] {text}",
    lambda at, level, text: f'time={at.isoformat()} level={level} msg="{text}" n={at.second}',
    lambda at, level, text: f"{at:%d.%m.%Y %H:%M:%S} {level} {text}",
    lambda at, level, text: f"{at:%m-%d %H:%M:%S}.123  1  2 {level[0]} Tag: {text}",
    _json,
    lambda at, level, text: text,
)


@st.composite
def logs(draw: st.DrawFn) -> str:
    """A log of one form or two, with lines of no form between."""
    forms = draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=2))
    step = draw(st.sampled_from((0, 1, 61, 3_700, 86_400, -5)))
    ends = draw(st.sampled_from(("\n", "\n", "\r\n")))
    lines = []
    rows = draw(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 999)), max_size=40))
    for number, (choice, value) in enumerate(rows):
        at = START + datetime.timedelta(seconds=number * step)
        text = _MESSAGES[choice % len(_MESSAGES)].format(value, choice)
        lines.append(forms[choice % len(forms)](at, _LEVELS[value % len(_LEVELS)], text))
        if choice % 5 == 0:
            lines.append(_STRAYS[value % len(_STRAYS)])
    repeated = lines * draw(st.sampled_from((1, 1, 1, 8)))
    return ends.join(repeated) + draw(st.sampled_from(("", ends)))


SINCES = st.one_of(
    st.sampled_from(
        (
            "last",
            "1",
            "5",
            "40",
            "100000",
            "0",
            "-1",
            "09:15",
            "09:15:07",
            "9:15",
            "23:59:59",
            "24:00:00",
            "2026-03-04",
            "2026-03-04 09:15:05",
            "2026-03-04T09:15:05Z",
            "2026-03-04T09:15:05+03:30",
            "2026-03-04 09:15:05.123456",
            "03-04 09:15:05",
            "Mar 4 09:15:00",
            "Mar  4",
            "Feb 29",
            "Feb 29 10:00:00",
            "04/Mar/2026:09:15:05 -0500",
            "1772615700",
            "1772615700000",
            "1772615700.5",
            "12.5",
            "12.500 s",
            "line 7",
            "line 0",
            "04.03.2026 09:15:05",
            "yesterday",
            "10 minutes ago",
            "2026-13-45 99:99:99",
            "0000-00-00",
            "9999-12-31 23:59:59",
            "٣",
            "²",
            "\x00",
            " ",
            "99999999999999999999",
            "12:34:56.789 PM",
            "Wed Mar  4 09:15:05 2026",
            "2026-02-30 00:00:00",
            "2026-03-04 09:15:05 CET",
        )
    ),
    st.text(max_size=20),
    st.from_regex(r"\d{1,4}[-/.:]\d{1,4}[-/.:]\d{1,4}( \d\d:\d\d(:\d\d)?)?", fullmatch=True).filter(
        lambda t: len(t) < 60
    ),
)
"""What a caller may give as `since`: places, times in any form, and what is neither."""
