"""Values for the placeholders of logging statements, by what the source calls them.

One `World` is one run of one program: its hosts, users, devices and modules recur in all of its messages, as
they do in life, and a placeholder keeps its kind and its range of values for the whole run.
"""

from __future__ import annotations

import random
import re
import string
import uuid
from collections.abc import Callable, Mapping

Draw = Callable[[], str]

_HOSTS = """
server node host db web mail proxy worker master gw broker cache app mx ns storage gpu compute rack
""".split()
_TLD = ["com", "org", "net", "local", "internal", "example.com", "corp.example.org", "lan", "io", "de"]
_USERS = """
root admin guest alice bob deploy www-data jenkins operator svc_backup carol dave nobody ci
""".split()
_STATES = """
RUNNING STOPPED NEW FAILED READY PENDING ACTIVE STANDBY OPEN CLOSED ONLINE OFFLINE UP DOWN IDLE INIT
""".split()
_MODES = """
read write none default strict fast slow full partial leader follower primary replica tcp udp http
""".split()
_REASONS = [
    "No such file or directory",
    "Connection refused",
    "Permission denied",
    "Connection reset by peer",
    "Broken pipe",
    "Timeout",
    "Operation not permitted",
    "Input/output error",
    "No space left on device",
    "Address already in use",
    "Invalid argument",
    "Too many open files",
    "unexpected EOF",
    "context deadline exceeded",
    "connection closed",
    "Read timed out",
    "null",
    "not found",
]
_NOUNS = """
alice bob carol dave erin frank grace heidi ivan judy maria peter susan smith jones miller lopez tanaka
berlin paris oslo tokyo lima boston delhi cairo sydney madrid north south east west europe asia orders
billing catalog payments shipping invoices users accounts reports search mail events metrics images
frontend backend gateway scheduler worker indexer crawler importer exporter proxy auth profile checkout
cart falcon eagle otter tiger panda zebra koala raven cobra lynx alpha beta gamma delta omega prod
staging test red green blue amber silver golden monday friday daily weekly main primary archive photos
music videos
""".split()
_EXTENSIONS = """
log txt java c conf xml json db tmp jar so py pid sock yml gz dat properties idx
""".split()
_DIRECTORIES = """
var etc usr home tmp opt data srv run lib cache share local spool www backup conf
""".split()
_DEVICES = ["eth0", "eth1", "wlan0", "lo", "sda", "sdb", "nvme0n1", "ttyS0", "br-lan", "tun0", "md0"]
_CONSTANT = re.compile(
    r"__func__|__FUNCTION__|myname|this_fn|func_name|FUNCTION|progname|getprogname\(\)|argv\[0\]"
)


class World:
    """Values of one run. `names` and `classes` are identifiers, `words` plain words to make values from."""

    def __init__(self, rng: random.Random, names: list[str], classes: list[str], words: list[str]) -> None:
        self._rng = rng
        self._names, self._classes, self._words = names, classes, words
        self._shared: dict[str, list[str]] = {}
        self._draws: Mapping[str, Draw] = {
            "int": self._draw_int,
            "small": self._draw_small,
            "port": self._draw_port,
            "float": self._draw_float,
            "hex": self._draw_hex,
            "hex0x": self._draw_hex0x,
            "letter": self._draw_letter,
            "bool": self._draw_bool,
            "ip": self._draw_ip,
            "host": self._draw_host,
            "address": self._draw_address,
            "user": self._draw_user,
            "path": self._draw_path,
            "file": self._draw_file,
            "url": self._draw_url,
            "uuid": self._draw_uuid,
            "duration": self._draw_duration,
            "size": self._draw_size,
            "time": self._draw_time,
            "state": self._draw_state,
            "class": self._draw_class,
            "word": self._draw_word,
            "name": self._draw_name,
            "ident": self._draw_ident,
            "dotted": self._draw_dotted,
            "object": self._draw_object,
            "device": self._draw_device,
            "reason": self._draw_reason,
            "phrase": self._draw_phrase,
            "list": self._draw_list,
            "version": self._draw_version,
        }

    def source(self, name: str, form: str) -> Draw:
        """A function that draws the values of one placeholder."""
        if _CONSTANT.search(name):
            fixed = self._rng.choice(self._names)
            return lambda: fixed
        choices = re.findall(r"[?:]\s*\(?\"([^\"]*)\"", name)
        if "?" in name and len(choices) >= 2:
            return lambda: self._rng.choice(choices)
        kind = self._kind(name, form)
        return self._ranged(kind)

    def _kind(self, name: str, form: str) -> str:
        if form[0] == "%" and len(form) > 1 and form[-1] in "diuxXpfFeEgGct":
            return self._by_number_form(name, form)
        if form in _PRINTED and self._rng.random() < 0.06:
            return "object"
        low = name.lower()
        for kind, words in _BY_NAME:
            if any(re.search(word, low) for word in words):
                return self._rng.choice(kind) if isinstance(kind, tuple) else kind
        return self._rng.choices(*_ANY)[0]

    def _by_number_form(self, name: str, form: str) -> str:
        kind = form[-1]
        if kind in "xX":
            return "hex0x" if "#" in form else "hex"
        if kind in "diu":
            return "port" if "port" in name.lower() else self._rng.choice(("int", "int", "small"))
        return {"p": "hex0x", "c": "letter", "t": "bool"}.get(kind, "float")

    def _ranged(self, kind: str) -> Draw:
        """Draw freshly, or from a range of values that the run has; unequally often."""
        draw = self._draws[kind]
        rng = self._rng
        if kind in _FREE and rng.random() < 0.85:
            return draw
        if kind in self._shared and rng.random() < 0.6:
            pool = self._shared[kind]
        else:
            size = rng.choices((1, 2, 3, 5, 8, 15, 40, 200), (16, 14, 16, 16, 14, 10, 8, 6))[0]
            pool = list(dict.fromkeys(draw() for _ in range(size)))
            self._shared.setdefault(kind, pool)
        steep = rng.choice((0.0, 0.7, 1.2, 2.0))
        weights = [(rank + 1) ** -steep for rank in range(len(pool))]
        return lambda: rng.choices(pool, weights)[0]

    def _draw_int(self) -> str:
        size = self._rng.choices((1, 2, 3, 4, 6, 10, 16), (20, 20, 20, 15, 12, 8, 5))[0]
        sign = "-" if self._rng.random() < 0.04 else ""
        return sign + str(self._rng.randrange(10 ** (size - 1) if size > 1 else 0, 10**size))

    def _draw_small(self) -> str:
        return str(self._rng.randrange(12))

    def _draw_port(self) -> str:
        return str(
            self._rng.choice((80, 443, 8080, 5432, 6379))
            if self._rng.random() < 0.3
            else self._rng.randrange(1024, 65536)
        )

    def _draw_float(self) -> str:
        return f"{self._rng.random() * 10 ** self._rng.randrange(5):.{self._rng.choice((1, 2, 3, 6))}f}"

    def _draw_hex(self) -> str:
        text = f"{self._rng.getrandbits(4 * self._rng.choice((1, 2, 4, 8, 8, 16, 32))):x}"
        return text.upper() if self._rng.random() < 0.15 else text

    def _draw_hex0x(self) -> str:
        return f"0x{self._rng.getrandbits(self._rng.choice((8, 16, 32, 48))):x}"

    def _draw_letter(self) -> str:
        return self._rng.choice(string.ascii_letters)

    def _draw_bool(self) -> str:
        return self._rng.choice(("true", "false"))

    def _draw_ip(self) -> str:
        return ".".join(str(self._rng.randrange(1, 255)) for _ in range(4))

    def _draw_host(self) -> str:
        rng = self._rng
        name = rng.choice(_HOSTS if rng.random() < 0.6 else self._words) + rng.choice(("", "", "-", "_"))
        if not name[-1].isalpha() or rng.random() < 0.5:
            name += str(rng.randrange(100))
        kind = rng.random()
        if kind < 0.4:
            return name
        return (
            f"{name}.{rng.choice(_TLD)}"
            if kind < 0.7
            else f"{name}.{rng.choice(self._words)}.{rng.choice(_TLD)}"
        )

    def _draw_address(self) -> str:
        host = self._draw_ip() if self._rng.random() < 0.6 else self._draw_host()
        start = "/" if self._rng.random() < 0.1 else ""
        return start + (f"{host}:{self._draw_port()}" if self._rng.random() < 0.7 else host)

    def _draw_user(self) -> str:
        draw = self._rng.random()
        return (
            self._rng.choice(_USERS if draw < 0.5 else _NOUNS)
            if draw < 0.9
            else self._rng.choice(self._words)
        )

    def _draw_path(self) -> str:
        rng = self._rng
        parts = [rng.choice(_DIRECTORIES), *(rng.choice(self._names) for _ in range(rng.randrange(3)))]
        end = f"{rng.choice(self._words)}{rng.choice(('', '', '-1', '_old', '.2'))}.{rng.choice(_EXTENSIONS)}"
        start = rng.choices(("/", "./", "C:\\", ""), (80, 6, 6, 8))[0]
        return start + ("\\" if start == "C:\\" else "/").join(
            [*parts, *([end] if rng.random() < 0.7 else [])]
        )

    def _draw_file(self) -> str:
        rng = self._rng
        end = rng.choice(("", "", "_", "-")) + rng.choice(("", "1", "main"))
        return f"{rng.choice(self._words)}{end}.{rng.choice(_EXTENSIONS)}"

    def _draw_url(self) -> str:
        rest = "/".join(self._rng.choice(self._words) for _ in range(self._rng.randrange(4)))
        return f"{self._rng.choice(('http', 'https', 'tcp', 'ldap'))}://{self._draw_address().lstrip('/')}/{rest}"

    def _draw_uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def _draw_duration(self) -> str:
        rng = self._rng
        amount = rng.choice((str(rng.randrange(10000)), f"{rng.random() * 100:.3f}"))
        return amount + rng.choice(("", "", "ms", "s", " ms", " seconds", "us"))

    def _draw_size(self) -> str:
        return self._draw_int() + self._rng.choice(("", "", "", " KB", "MB", "B", " bytes", "KiB"))

    def _draw_time(self) -> str:
        rng = self._rng
        day = f"{rng.randrange(2015, 2027)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        clock = f"{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"
        return rng.choice(
            (f"{day} {clock}", f"{day}T{clock}Z", clock, str(rng.randrange(10**9, 2 * 10**9)), day)
        )

    def _draw_state(self) -> str:
        return self._rng.choice(_STATES if self._rng.random() < 0.6 else _MODES)

    def _draw_class(self) -> str:
        name = self._rng.choice(self._classes)
        if self._rng.random() < 0.5:
            return name
        return ".".join(["org", self._rng.choice(self._words), self._rng.choice(self._words), name])

    def _draw_word(self) -> str:
        draw = self._rng.random()
        return self._rng.choice(_NOUNS if draw < 0.6 else self._words if draw < 0.8 else self._names)

    def _draw_name(self) -> str:
        return self._rng.choice(self._names if self._rng.random() < 0.6 else self._words)

    def _draw_ident(self) -> str:
        rng = self._rng
        number = str(rng.randrange(10 ** rng.choice((1, 2, 4, 7))))
        return rng.choice(
            (
                f"{rng.choice(self._words)}_{number}",
                f"{rng.choice(self._words)}-{number}",
                f"{rng.choice(self._words)}{number}",
                f"{rng.choice(self._words)}-{rng.choice(self._words)}-{number}",
                f"{rng.choice(self._names)}@{rng.getrandbits(32):x}",
                self._draw_uuid(),
                number,
            )
        )

    def _draw_dotted(self) -> str:
        rng = self._rng
        sign = rng.choice((".", ".", "-", "_", "/", "::"))
        first = rng.choice(_NOUNS)
        return sign.join([first, *(rng.choice(self._words) for _ in range(rng.choice((1, 1, 2))))])

    def _draw_object(self) -> str:
        """A value with a structure, as languages print their objects."""
        rng = self._rng
        name = rng.choice(self._classes)
        pairs = [
            (rng.choice(self._names), self._draws[rng.choice(_SIMPLE)]()) for _ in range(rng.randrange(1, 6))
        ]
        pointer = f"0x{rng.getrandbits(44):x}"
        return rng.choice(
            (
                f"<{name} object at {pointer}>",
                f"<function {pairs[0][0]} at {pointer}>",
                f"<bound method {name}.{pairs[0][0]} of <{name} object at {pointer}>>",
                f"{name}({', '.join(f'{key}={value!r}' for key, value in pairs)})",
                f"{name}{{{', '.join(f'{key}={value}' for key, value in pairs)}}}",
                f"{name}[{', '.join(f'{key}={value}' for key, value in pairs)}]",
                "{" + ", ".join(f"'{key}': {value!r}" for key, value in pairs) + "}",
                "{" + ",".join(f'"{key}":"{value}"' for key, value in pairs) + "}",
                "(" + ", ".join(repr(value) for _, value in pairs) + ")",
                f"<{' '.join(f'{key}={value}' for key, value in pairs)}>",
                f"{name}@{rng.getrandbits(32):x}",
                f"&{{{' '.join(value for _, value in pairs)}}}",
                f"b'{pairs[0][1]}\\r\\n'",
                f"{name}({pairs[0][1]!r})",
                f"{pairs[0][1]} (from {pairs[-1][1]})",
            )
        )

    def _draw_device(self) -> str:
        return self._rng.choice(_DEVICES)

    def _draw_reason(self) -> str:
        return self._rng.choice(_REASONS)

    def _draw_phrase(self) -> str:
        return " ".join(self._rng.choice(self._words) for _ in range(self._rng.randrange(1, 5)))

    def _draw_list(self) -> str:
        draw = self._draws[self._rng.choice(("name", "int", "address", "ident", "word"))]
        left, right = self._rng.choice(("[]", "{}", "()"))
        return left + ", ".join(draw() for _ in range(self._rng.randrange(5))) + right

    def _draw_version(self) -> str:
        return ".".join(str(self._rng.randrange(20)) for _ in range(3))


_SIMPLE = ("int", "name", "word", "path", "address", "bool", "ident", "float", "dotted")
_FREE = frozenset("object int float hex hex0x port uuid duration size time address ip ident list".split())
_PRINTED = frozenset(("{}", "+", "%s", "%r", "%v", "field"))
_BY_NAME: tuple[tuple[str | tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("reason", "reason", "reason", "reason", "phrase", "class", "object"),
        ("strerror", r"err", "exception", "cause", r"\be\b", "reason", "msg", "message", "why"),
    ),
    ("time", ("ctime", "timestamp", r"\bdate", "strftime", "instant", r"now\b")),
    (
        "duration",
        (
            "duration",
            "elapsed",
            "timeout",
            "interval",
            "took",
            "latency",
            "millis",
            "second",
            "delay",
            "time",
        ),
    ),
    ("address", ("addr", "remote", "peer", "endpoint", "socket", "inet", "listen", "client")),
    ("ip", (r"\bip", r"ip\b")),
    (("host", "host", "ip"), ("host", "server", "node", "domain", "broker", "member")),
    ("port", ("port",)),
    ("url", ("url", "uri", "link")),
    ("path", ("path", "dir", "folder", "mount")),
    (("path", "file"), ("file",)),
    ("user", ("user", "owner", "login", "principal", "account", "role", "group", "auth")),
    ("class", ("class", "clazz", "type", "impl", "factory")),
    ("uuid", ("uuid", "guid")),
    ("version", ("version",)),
    ("size", ("size", "bytes", "length", "memory", "capacity", "limit")),
    (
        ("int", "small"),
        (
            "count",
            "num",
            "index",
            "total",
            "len",
            "offset",
            "epoch",
            "seq",
            "pid",
            "max",
            "min",
            "level",
            "code",
            "position",
        ),
    ),
    ("state", ("state", "status", "phase", "mode", "action", r"\bop\b", "event")),
    ("bool", (r"\bis[_A-Z]", "enabled", "flag", "bool")),
    ("hex", ("hash", "digest", "checksum", "token", "fingerprint")),
    (("ident", "int", "uuid", "hex"), (r"id\b", "key", "handle")),
    ("list", ("list", "ids", "keys", "array", "names", r"values", "args")),
    ("device", ("device", r"\bdev", "iface", "interface")),
    (
        ("name", "word", "ident", "dotted"),
        ("name", "label", "topic", "queue", "table", "module", "plugin", "service", "tag"),
    ),
    (("phrase", "path"), ("cmd", "command", "query", "sql")),
)
_ANY = (
    [
        "int",
        "name",
        "word",
        "ident",
        "hex",
        "path",
        "address",
        "state",
        "phrase",
        "bool",
        "class",
        "list",
        "reason",
        "user",
        "file",
        "dotted",
        "object",
    ],
    (20, 16, 8, 12, 5, 6, 5, 5, 2, 3, 4, 2, 2, 1, 1, 6, 10),
)
