"""Values that are recognised by their form: numbers, addresses, paths, durations, identifiers, ..."""

from __future__ import annotations

import re

# Types of variables: the mark's last character names the type inside a shape.
TYPES = (
    "int",
    "float",
    "hex",
    "ip",
    "path",
    "url",
    "uuid",
    "duration",
    "size",
    "time",
    "email",
    "mac",
    "version",
    "bool",
    "id",
    "word",
    "text",
    "percent",
    "host",
)
MARK_BASE = 0xE000  # private use: doesn't occur in real logs; where it does, it is replaced first
MARKS = {name: chr(MARK_BASE + number) for number, name in enumerate(TYPES)}
TYPE_OF_MARK = {mark: name for name, mark in MARKS.items()}
VAR = "\ue0ff"  # a variable of any type, inside a template
MARK_CLASS = f"[{chr(MARK_BASE)}-{chr(MARK_BASE + len(TYPES) - 1)}]"

_NUM = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_L = r"(?<![\w])"  # not inside a word
_R = r"(?![\w])"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?"
# What can't be part of what follows is taken whole (`++`), so that a line of 2,000 signs takes milliseconds.
_FORMS = (
    ("url", r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>,;)\]}]*[^\s\"'<>,;)\]}.:]"),
    ("email", rf"{_L}[\w.+-]++@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{{2,}}{_R}"),
    (
        "uuid",
        rf"{_L}[0-9a-fA-F]{{8}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{4}}-[0-9a-fA-F]{{12}}{_R}",
    ),
    ("mac", rf"{_L}(?:[0-9a-fA-F]{{2}}[:-]){{5}}[0-9a-fA-F]{{2}}{_R}"),
    (
        "time",
        rf"{_L}(?:{_DAY},? +)?(?:\d{{4}}[-/]\d\d[-/]\d\d(?:[T ]{_CLOCK}(?: ?(?:Z|[+-]\d\d:?\d\d))?)?"
        rf"|{_MONTH} +\d{{1,2}}(?:,? \d{{4}})?(?:,? {_CLOCK})?(?: [A-Z]{{3,4}})?(?: \d{{4}}{_R})?|\d{{1,2}}[ /-]{_MONTH}[ /-]\d{{4}}(?:[ :]{_CLOCK})?"
        rf"|\d\d/\d\d/\d{{4}}(?: {_CLOCK})?|{_CLOCK}){_R}",
    ),
    ("ip", rf"{_L}\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?:/\d{{1,2}})?{_R}(?!\.\d)"),
    (
        "ip",
        rf"(?<![\w:])(?:[0-9a-fA-F]{{1,4}}:){{7}}[0-9a-fA-F]{{1,4}}{_R}"
        rf"|(?<![\w:])(?=[0-9a-fA-F:]*\d)(?:[0-9a-fA-F]{{1,4}}:){{1,6}}:(?:[0-9a-fA-F]{{1,4}}(?::[0-9a-fA-F]{{1,4}}){{0,5}})?(?![\w:])"
        rf"|(?<![\w:])::(?:ffff:\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]{{1,4}}){_R}",
    ),
    (
        "path",
        r"(?<![\w.<>/@-])(?:~|\.{1,2})?/[\w.@%+~#$*?/-]+(?<=[\w/*$])|(?<![\w])[A-Za-z]:\\(?:[^\s\"'<>|,;]*[^\s\"'<>|,;)\]}.:])?",
    ),
    (
        "path",
        rf"{_L}[\w.@+-]++(?:/[\w.@+-]+)+\.[A-Za-z]\w{{0,5}}{_R}"
        rf"|{_L}(?=(?:(?!\d)[\w.@+-])*+\d)[\w.@+-]++(?:/[\w.@+-]++)++{_R}"
        rf"|{_L}(?:[\w.@+-]++/){{2,}}[\w.@+-]*[\w]{_R}",
    ),
    (
        "hex",
        rf"{_L}0[xX][0-9a-fA-F]+{_R}|{_L}(?=[a-fA-F]*+\d++[a-fA-F])[0-9a-fA-F]{{6,}}{_R}|{_L}[0-9a-f]{{32,}}{_R}",
    ),
    (
        "duration",
        rf"{_L}{_NUM} ?(?:ms|msec|us|µs|ns|secs?|s|mins?|hrs?)\b(?![/=])|{_L}(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?s{_R}",
    ),
    ("size", rf"{_L}{_NUM} ?(?:[KMGTP]i?B|kB|[KMG]iB|B)(?:/s)?\b(?!=)"),
    ("percent", rf"{_L}{_NUM}%"),
    ("version", rf"{_L}v?\d++\.\d++\.\d++[0-9A-Za-z]*+(?:[.+-][0-9A-Za-z]++)*{_R}"),
    ("float", rf"{_L}[+-]?\d+\.\d+(?:[eE][+-]?\d+)?{_R}"),
    ("int", rf"(?<![\w.+-])[+-]\d+{_R}|{_L}\d+{_R}"),
    ("bool", rf"{_L}(?:true|false|True|False|TRUE|FALSE){_R}"),
    ("host", rf"{_L}(?:[A-Za-z0-9](?:[\w-]*\w)?\.)+[A-Za-z][\w-]*(?=:\d)"),
    ("id", rf"{_L}(?=\w*\d)\w+{_R}"),
)
ANY_FORM = "|".join(f"(?P<{name}_{number}>{form})" for number, (name, form) in enumerate(_FORMS))
# No form starts inside a word, and few are a word of letters alone: the others are passed over at once.
_WORD_ALONE = rf"(?!(?i:true|false)|{_DAY}|{_MONTH})[A-Za-z]{{1,31}}(?:[\s,;)\]}}\"'=]|:\s|\Z)"
TYPED = re.compile(rf"(?<!\w)(?!{_WORD_ALONE})(?:{ANY_FORM})")
_TYPE_OF_GROUP = {f"{name}_{number}": name for number, (name, _) in enumerate(_FORMS)}
_ASSIGNED = re.compile(r"(?<=[\w\])}])(=)([^\s=,;&|()\[\]{}\"'<>\ue000-\ue0ff]++)(?=[\s,;&|)\]}]|$)")
_QUOTED = re.compile(
    rf"(?<![\w{chr(MARK_BASE)}-{chr(MARK_BASE + 255)}])([\"'`‘“])([^\"'`‘’“”\n]{{1,200}}?)([\"'`’”])(?![\w:]|\s*:)"
)
_LIST = re.compile(rf"{MARK_CLASS}(?:(, ?|; ?){MARK_CLASS})(?:\1{MARK_CLASS}){{4,}}")
_ROW = re.compile(rf"(?<!\S)({MARK_CLASS})(?: +\1){{3,}}(?!\S)")
_LONG_QUOTATION = 6  # spaces
_DIGITS_LEFT = re.compile(r"[0-9]+")
_SPACES = re.compile(r"\s+")
_PRIVATE = re.compile("[\ue000-\ue0ff]")


def mask_text(content: str) -> str:
    """The shape of a content, as text with a mark for each variable."""
    return _SPACES.sub(" ", mask_constant(replace_marks(content))).strip()


def mask_constant(text: str) -> str:
    """A text without marks, its spaces as they are, with a mark for each variable."""
    text = TYPED.sub(_mark, text)
    text = _ASSIGNED.sub(_mark_assigned, text)
    text = _QUOTED.sub(_mark_quoted, text)
    text = _LIST.sub(MARKS["text"], text)
    text = _ROW.sub(MARKS["text"], text)
    return _DIGITS_LEFT.sub(MARKS["int"], text)


def replace_marks(content: str) -> str:
    """The content with characters that would be read as marks replaced."""
    return _PRIVATE.sub("?", content)


def _mark(found: re.Match[str]) -> str:
    name = found.lastgroup
    assert name is not None  # every alternative is named
    return MARKS[_TYPE_OF_GROUP[name]]


def _mark_assigned(found: re.Match[str]) -> str:
    return f"={MARKS['word']}"


def _mark_quoted(found: re.Match[str]) -> str:
    """Long quotations are values; what short ones hold is judged word by word."""
    if found[2].count(" ") < _LONG_QUOTATION:
        return found[0]
    kind = "word" if re.fullmatch(r"[\w.-]+", found[2]) else "text"
    if len(found[2]) == 1 and TYPE_OF_MARK.get(found[2]):
        kind = TYPE_OF_MARK[found[2]]
    return f"{found[1]}{MARKS[kind]}{found[3]}"


def type_of(value: str) -> str:
    """The type of a value that is known to be a variable."""
    found = TYPED.fullmatch(value)
    if found is not None and found.lastgroup is not None:
        return _TYPE_OF_GROUP[found.lastgroup]
    return "word" if re.fullmatch(r"[\w.$@-]+", value) else "text"
