"""How well the name of a column or key names a field: 1 for the same words, less for less."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Final

from mcp_smalltools.text.words import STOP_WORDS, stem, words_of
from mcp_smalltools.tools.extract.structure.node import ALSO

SURE: Final = 0.85
"""From here on a name leaves no doubt."""
SAID_TOGETHER: Final = 0.95
"""From here on the names say the same word for word, with those that lead to them."""
TAKEN: Final = 0.65
"""From here on the value under a name is given, with a doubt."""
_MAX_NAME: Final = 200
_LEAST_OF_WORD: Final = 3
"""Letters of a word that stand for it in a name of several words written as one."""

_SHORT_FORMS: Final = (
    "qty:quantity amt:amount no:number nr:number num:number nbr:number desc:description descr:description "
    "cfg:config configuration:config msg:message info:information dept:department addr:address tel:phone "
    "telephone:phone temp:temperature min:minimum max:maximum avg:average pct:percent ref:reference "
    "org:organization env:environment ver:version lang:language pkg:package svc:service ns:namespace "
    "repo:repository repositories:repository dir:directory dest:destination dst:destination src:source "
    "img:image db:database pid:pid cmd:command args:arguments arg:argument param:parameter "
    "params:parameter vars:variable var:variable fn:function lib:library deps:dependency dep:dependency "
    "dependencies:dependency mem:memory avail:available auth:authentication pwd:password passwd:password "
    "usr:user attr:attribute attrs:attribute doc:documentation docs:documentation opt:option "
    "opts:option spec:specification prev:previous curr:current cur:current cat:category categories:category "
    "if:interface iface:interface intf:interface ifname:interface dev:device thresh:threshold use:used "
    "proto:protocol verb:verbosity gw:gateway fstype:filesystem part:partition "
    "app:application apps:application win:windows "
    "e:e passed:pass dob:birthday yr:year mo:month hr:hour hrs:hour mins:minute secs:second sec:second"
)
_SHORT_FOR: Final = {pair.split(":")[0]: pair.split(":")[1] for pair in _SHORT_FORMS.split()}
_WRITTEN_TOGETHER: Final = (
    "up time:uptime time zone:timezone time stamp:timestamp on line:online off line:offline "
    "mac address:mac exec start:command domain name server:dns server"
)
_TOGETHER: Final = {
    tuple(stem(word) for word in pair.split(":")[0].split()): tuple(
        stem(word) for word in pair.split(":")[1].split()
    )
    for pair in re.findall(r"[a-z ]+:(?:dns server|[a-z]+)", _WRITTEN_TOGETHER)
    for pair in [pair.strip()]
}
"""Words that are also written as one, or shortened, with what they are taken for."""
_GROUPS: Final = (
    "gateway router",
    "url link href website homepage uri site",
    "description summary details about explanation",
    "email mail e-mail",
    "repository git",
    "author maintainer",
    "amount total sum",
    "item product article",
    "image picture",
    "created creation",
    "modified updated changed",
    "started begin start began",
    "ended end finish finished",
    "host hostname server",
    "sender from",
    "recipient to",
    "source from origin",
    "target destination to",
    "license licence",
    "error failure",
    "bug issue",
    "quantity count number",
    "cost price",
    "status state condition",
    "kind type",
    "label tag keyword",
    "ready available",
    "os platform",
    "dotnet net",
    "color colour",
    "directory folder path",
    "person name",
    "day date",
    "mount mounted mountpoint",
    "mac hwaddr lladdr macaddr",
    "filesystem device",
    "default",
    "country nation",
    "zip postcode postal",
    "id identifier code",
    "title name heading",
    "text message body content",
    "user username login",
    "command cmdline exec executable",
    "memory ram",
)
_GROUP_OF: Final[dict[str, set[int]]] = {}
for _number, _group in enumerate(_GROUPS):
    for _word in _group.split():
        _GROUP_OF.setdefault(stem(_word), set()).add(_number)
FILLER: Final = frozenset(
    stem(word) for word in ("name", "value", "text", "field", "full", "title", "string")
)
_SWITCHES: Final = "enable enabled enabling allow allowed use used is has active permit permitted"
SWITCHING: Final = frozenset(stem(word) for word in _SWITCHES.split())
"""Words that say no more than that something is a yes or no."""
_COUNTING: Final = frozenset(stem(word) for word in ("number", "count", "total", "quantity"))
UNITS: Final = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds", "msec", "msecs", "millis"), ("time", 0.001)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("time", 1.0)),
    **dict.fromkeys(("us", "µs", "microsecond", "microseconds"), ("time", 1e-6)),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), ("time", 1e-9)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), ("time", 60.0)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), ("time", 3600.0)),
    **dict.fromkeys(("d", "day", "days"), ("time", 86400.0)),
    **dict.fromkeys(("b", "byte", "bytes"), ("size", 1.0)),
    **dict.fromkeys(("kb", "kilobyte", "kilobytes"), ("size", 1e3)),
    **dict.fromkeys(("mb", "megabyte", "megabytes"), ("size", 1e6)),
    **dict.fromkeys(("gb", "gigabyte", "gigabytes"), ("size", 1e9)),
    **dict.fromkeys(("tb", "terabyte", "terabytes"), ("size", 1e12)),
    **dict.fromkeys(("k", "ki", "kib"), ("size", 1024.0)),
    **dict.fromkeys(("mi", "mib"), ("size", 1024.0**2)),
    **dict.fromkeys(("g", "gi", "gib"), ("size", 1024.0**3)),
    **dict.fromkeys(("t", "ti", "tib"), ("size", 1024.0**4)),
    **dict.fromkeys(("mm", "millimeters", "millimetres"), ("length", 0.001)),
    **dict.fromkeys(("cm", "centimeters", "centimetres"), ("length", 0.01)),
    **dict.fromkeys(("meters", "metres", "meter", "metre"), ("length", 1.0)),
    **dict.fromkeys(("km", "kilometers", "kilometres"), ("length", 1000.0)),
    **dict.fromkeys(("grams", "gram"), ("mass", 1.0)),
    **dict.fromkeys(("kg", "kilograms", "kilogram"), ("mass", 1000.0)),
    **dict.fromkeys(("percent", "pct"), ("percent", 1.0)),
    **dict.fromkeys(("celsius", "°c"), ("temperature", 1.0)),
    **dict.fromkeys(("rpm",), ("rotation", 1.0)),
    **dict.fromkeys(("hz",), ("frequency", 1.0)),
    **dict.fromkeys(("khz",), ("frequency", 1e3)),
    **dict.fromkeys(("mhz",), ("frequency", 1e6)),
    **dict.fromkeys(("ghz",), ("frequency", 1e9)),
    **dict.fromkeys(("kbps",), ("rate", 1e3)),
    **dict.fromkeys(("mbps",), ("rate", 1e6)),
    **dict.fromkeys(("gbps",), ("rate", 1e9)),
    **dict.fromkeys(("mv", "millivolts"), ("voltage", 0.001)),
    **dict.fromkeys(("volts", "volt"), ("voltage", 1.0)),
    **dict.fromkeys(("watts", "watt"), ("power", 1.0)),
    **dict.fromkeys(("usd", "eur", "gbp", "chf", "jpy", "dollars", "euros"), ("money", 1.0)),
}
"""Dimension and factor of a unit's word; the sizes of one letter are those of programs: powers of 1024."""
_IN_NAMES: Final = frozenset(UNITS) - {"m", "h", "d", "k", "g", "t", "b", "us", "min"}
"""Units that a name may carry, as in `size_mb`; single letters would be taken for them too often."""
_UNIT: Final = re.compile(r"(?<![A-Za-z])(?:[kMGT]i?B|[kKMG]?Hz|[kMG]b(?:ps)?)(?![A-Za-z])")
_PART: Final = r"[A-Za-z_][\w-]{0,60}(?:\[\d{1,4}\])?"
_PARTED: Final = re.compile(rf"{_PART}(?:\.{_PART}){{1,6}}")
"""A name with the names that lead to it, as `nmcli` and flattened settings have them: `GENERAL.MTU`."""
_BRACKETS: Final = re.compile(r"[(\[][^()\[\]]{0,80}[)\]]")
_DOTTED: Final = re.compile(r"(?<![\w.])[A-Za-z_][\w-]{0,60}(?:\.[A-Za-z_][\w-]{0,60}){1,6}(?![\w(])")
_QUOTED: Final = re.compile(r"['\"`‘“]([^'\"`’”]{1,60})['\"`’”]")
_WRAPPING: Final = (
    "project package metadata properties info general default defaults global main settings config "
    "configuration spec data root common document result response header headers body attributes"
)
WRAPPERS: Final = frozenset(_WRAPPING.split())
"""Names of objects that say nothing: what is in them belongs to what they are in."""
_LITTLE: Final = (
    "date time name number id type status value amount total price city address phone email subject "
    "text version title description url count size key code state user"
)
MEAN_LITTLE: Final = frozenset(stem(word) for word in _LITTLE.split())
"""Words that say little without what they are of: `Date` is not yet a departure date."""


@functools.lru_cache(maxsize=1 << 14)
def words(name: str) -> tuple[str, ...]:
    """The words of a name, abbreviations spelt out, without their endings: `maxQty %` is maximum, quantity,
    percent.
    """
    spelt = name[:_MAX_NAME].replace("%", " percent ").replace("#", " number ")
    spelt = _UNIT.sub(lambda match: match[0].lower(), spelt)
    return _joined(tuple(stem(_SHORT_FOR.get(word, word)) for word in words_of(spelt)))


def _joined(given: tuple[str, ...]) -> tuple[str, ...]:
    """With words that are written as one and as several in one way: `up time`, `domain name server`."""
    for several, one in _TOGETHER.items():
        for at in range(len(given) - len(several) + 1):
            if given[at : at + len(several)] == several:
                given = given[:at] + one + given[at + len(several) :]
                break
    return given


@functools.lru_cache(maxsize=1 << 14)
def _ways(name: str) -> tuple[tuple[str, ...], ...]:
    """A name as it is, without what stands in brackets, and without words that say nothing."""
    full = words(name)
    bare = words(_BRACKETS.sub(" ", name))
    content = tuple(w for w in full if w not in STOP_WORDS)
    return tuple(dict.fromkeys(way for way in (full, bare, content) if way))


def _squashed(name: str) -> str:
    return "".join(character for character in name[:_MAX_NAME].lower() if character.isalnum())


def same(a: Sequence[str], b: Sequence[str]) -> bool:
    return bool(a) and (sorted(a) == sorted(b) or "".join(a) == "".join(b))


_ALSO_GENERAL: Final = (
    "path file directory port host server group mode level limit timeout interval memory speed interface "
    "network domain zone source target default class location message command"
)
_GENERAL: Final = frozenset(stem(word) for word in _ALSO_GENERAL.split())
"""Words that say what sort of value it is, and not which one."""
_MOST_MORE: Final = 2
"""Words of a name besides those of the field."""


class NameOfField:
    """What a field is called: compared with the names of columns and keys.

    `context`: words of what the field belongs to, such as the list's name: `pod_name` of `pods` is `name`.
    `switches`: it is a yes or no; `of_column`: it is compared with columns, of which others may say more too.
    """

    def __init__(
        self,
        path: Sequence[str],
        description: str,
        *,
        counts: bool,
        switches: bool = False,
        of_column: bool = False,
        context: Iterable[str] = (),
    ) -> None:
        self.own = words(path[-1])
        self.whole = tuple(word for part in path for word in words(part))
        self.raw = words_of(path[-1])
        self._squashed = _squashed(path[-1])
        self.said = _joined(
            tuple(stem(_SHORT_FOR.get(w, w)) for w in words_of(description[:600]) if w not in STOP_WORDS)
        )
        self.paths = [words(text) for text in _DOTTED.findall(description[:600])]
        self.quoted = [words(text) for text in _QUOTED.findall(description[:600])]
        self.context = frozenset(context) | frozenset(w for part in path[:-1] for w in words(part))
        self._counts, self._switches, self._of_column = counts, switches, of_column
        self._spoken = [word for word in self.raw if word not in _IN_NAMES]
        self._bare = self._without(self.own, self._is_filler)
        self._bare_of_context = self._without(self.own, lambda w: w in self.context)
        self._bare_of_units = tuple(
            word for word, raw in zip(self.own, self.raw, strict=False) if raw not in _IN_NAMES
        )

    def _is_filler(self, word: str) -> bool:
        return (
            word in FILLER
            or word in self.context
            or (self._counts and word in _COUNTING)
            or (self._switches and word in SWITCHING)
        )

    @staticmethod
    def _without(given: Sequence[str], drops: object) -> tuple[str, ...]:
        return tuple(w for w in given if not drops(w))  # type: ignore[operator]

    def fit(self, path: Sequence[str]) -> float:
        """0 to 1, for a key with the names that lead to it."""
        names = [name for name in path if name]
        if not names:
            return 0.0
        if ALSO in names[-1]:
            return max(self.fit([*names[:-1], one]) for one in names[-1].split(ALSO))
        if _PARTED.fullmatch(names[-1][:_MAX_NAME]):
            return max(self._fit_of_path(names), self._fit_of_path([*names[:-1], *names[-1].split(".")]))
        return self._fit_of_path(names)

    def _fit_of_path(self, names: Sequence[str]) -> float:
        above_it = {word for name in names[:-1] for word in words(name)}
        best = max((self._fit(way, names[-1], above_it) for way in _ways(names[-1])), default=0.0)
        telling = [name for name in names[:-1] if name.lower() not in WRAPPERS]
        for above in (names[:-1], telling):
            for count in (1, 2, 3):
                if len(above) >= count:
                    joined = tuple(word for name in (*above[-count:], names[-1]) for word in words(name))
                    if same(joined, self.own) or same(joined, self.whole):
                        best = max(best, 0.98)
                    elif any(same(joined, path) for path in self.paths):
                        best = max(best, 0.96)
                    elif _alike(joined, self.own):
                        best = max(best, 0.88)  # `mail.host` for `smtp_host`
                    elif count == 1 and self._is_bare(joined):
                        best = max(best, 0.93)  # `service.name` for `service`
                    elif set(self.own) < set(joined) <= set(self.own) | set(self.said):
                        best = max(best, 0.9)  # the other names are in the description
        return best

    def _is_bare(self, joined: Sequence[str]) -> bool:
        return bool(self._bare) and same(self._without(joined, self._is_filler), self._bare)

    def _fit(self, name: Sequence[str], raw: str, above: set[str]) -> float:
        if same(name, self.own):
            return 1.0
        if _squashed(raw) == self._squashed:
            return 0.98  # `minversion` for `min_version`
        if len(name) == 1 and len(self.raw) > 2 and raw.lower() == "".join(word[0] for word in self.raw):
            return 0.9  # `motd` for `message_of_the_day`
        if len(name) == 1 and _is_run_together(name[0], self._spoken):
            return 0.88  # `sectorsize` for `sector_size_bytes`, `partuuid` for `partition_uuid`
        if same(name, self.whole):
            return 0.97
        if any(same(name, quoted) for quoted in self.quoted):
            return 0.95
        if same(self._bare_of_context, name) or same(
            self._bare_of_context, self._without(name, lambda w: w in self.context)
        ):
            return 0.95
        bare = self._without(name, self._is_filler)
        if self._bare and same(bare, self._bare):
            return 0.92
        if not self._bare and not bare and self.context & set(name) and set(self.own) & FILLER:
            return 0.9  # `name` of services is the column Service
        units = tuple(w for w in words_of(_BRACKETS.sub(" ", raw)) if w not in _IN_NAMES)
        plain = tuple(stem(_SHORT_FOR.get(w, w)) for w in units)
        if self._bare_of_units and (same(plain, self._bare_of_units) or same(name, self._bare_of_units)):
            return 0.93
        if (self._bare_of_context and _alike(name, self._bare_of_context)) or _alike(name, self.own):
            return 0.88
        if _begins_alike(name, self.own):
            return 0.87
        return self._loose_fit(name, raw, above)

    def _loose_fit(self, name: Sequence[str], raw: str, above: set[str]) -> float:
        own, there, said = set(self._bare_of_units or self.own), set(name), set(self.said)
        if said and there == said:
            return 0.88
        if self.said[: len(name)] == tuple(name) and (there <= own or not own & said):
            return 0.87  # "size of the party", for the column size
        if own <= there and raw.rstrip().endswith("?"):
            return 0.86
        shared = own & there
        if there < own and there <= MEAN_LITTLE | SWITCHING:
            return 0.55
        if there < own and not own - there <= MEAN_LITTLE | _GENERAL:
            return 0.86 if own - there <= above else 0.58  # `host`, for an smtp_host
        if own < there and self._tells(own, there):
            return 0.86
        if shared and (own <= there or there <= own):
            described = len(there & (said | own)) / len(there)
            head = self.own[-1] in there and name[-1] in own
            return (
                0.62 + 0.12 * described + (0.04 if head else 0.0) - 0.03 * max(0, len(there) - len(own) - 2)
            )
        if there and there <= said:
            return 0.7
        if shared - MEAN_LITTLE:
            return 0.5
        return 0.0

    def _tells(self, own: set[str], there: set[str]) -> bool:
        """Whether a name that says more than the field is the field's: Firmware Version for firmware."""
        more = there - own
        may_switch = self._switches or not more & SWITCHING
        may_say_more = not self._of_column and may_switch and len(more) <= _MOST_MORE
        return may_say_more and not own <= MEAN_LITTLE | _GENERAL


def _is_run_together(name: str, spoken: Sequence[str]) -> bool:
    """Whether a name is several words, or their beginnings, written as one."""
    if not 2 <= len(spoken) <= 4 or len(name) < _LEAST_OF_WORD * len(spoken):
        return False
    rests = {name}
    for word in spoken:
        rests = {
            rest[length:]
            for rest in rests
            for length in range(_LEAST_OF_WORD, len(word) + 1)
            if rest.startswith(word[:length])
        }
    return "" in rests


def _alike(a: Sequence[str], b: Sequence[str]) -> bool:
    """The same number of words, each the same or of one meaning."""
    if len(a) != len(b):
        return False
    return all(x == y or _GROUP_OF.get(x, set()) & _GROUP_OF.get(y, set()) for x, y in zip(a, b, strict=True))


def _begins_alike(a: Sequence[str], b: Sequence[str]) -> bool:
    """Each word is the beginning of the other: `avail` and `available`."""
    return len(a) == len(b) and all(
        x == y or (min(len(x), len(y)) >= 4 and (x.startswith(y) or y.startswith(x)))
        for x, y in zip(a, b, strict=True)
    )


def unit_of_name(name: str) -> str:
    """The unit that a name carries, in it or in brackets: `size_mb`, `Time (ms)`; "" if none."""
    inside = _BRACKETS.findall(name[:_MAX_NAME])
    for word in [w for part in inside for w in words_of(part)]:
        if word in UNITS:
            return word
    parts = words_of(name[:_MAX_NAME].replace("%", " percent "))
    return next((word for word in reversed(parts[1:] or parts) if word in _IN_NAMES), "")


@functools.lru_cache(maxsize=4_096)
def like(word: str) -> tuple[str, ...]:
    """Stems that may stand for a word."""
    return tuple(stem(w) for number in _GROUP_OF.get(word, ()) for w in _GROUPS[number].split())
