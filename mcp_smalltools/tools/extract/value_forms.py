"""What a text can't be the value of: a version has digits, a CVE its letters, a licence a licence's name.

A reader that is asked for something that the text doesn't say points at the nearest thing, `npm` for the
version of npm. Only forms that nearly every value of a kind has are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mcp_smalltools.tools.extract.schema import Field

_MONTHS: Final = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MOMENT: Final = re.compile(
    rf"\d|\b(?:{_MONTHS})[a-z]*\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:today|tomorrow|tonight|yesterday|now|next|last|this|end|midnight|noon|weekly|daily|monthly|soon)\b"
    r"|[^\x00-\u024f]",
    re.IGNORECASE,
)
_LICENCES: Final = re.compile(
    r"\b(?:mit|bsd|apache|[al]?gpl|mpl|isc|epl|cddl|cc0?|unlicense|wtfpl|zlib|artistic|boost|bsl|psf|python|ruby"
    r"|eupl|sspl|elastic|ofl|public domain|proprietary|commercial|closed|free|copyright|all rights"
    r"|openssl|php|perl|tcl|ncsa|postgresql|x11|curl|vim|intel|mozilla|gnu|creative commons|busl|polyform)"
    r"|licen[cs]e",
    re.IGNORECASE,
)
_RELEASES: Final = re.compile(
    r"(?<![A-Za-z]{2})\d|\d\.\d|\b(?:latest|stable|beta|alpha|nightly|head|main|master|trunk|current|next|edge|canary|lts|unreleased"
    r"|snapshot|rolling|dev|testing|sid|legacy)\b",
    re.IGNORECASE,
)
_NAMED_RELEASES: Final = frozenset(
    ("os", "operating", "debian", "ubuntu", "android", "macos", "distro", "system")
)
"""Words of fields whose versions may have a name alone, such as bookworm."""
_DIGIT: Final = re.compile(r"\d")
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "cve": re.compile(r"\bCVE-\d{4}-\d{3,}", re.IGNORECASE),
    "version": _RELEASES,
    "date": _MOMENT,
    "deadline": _MOMENT,
    "license": _LICENCES,
    "licence": _LICENCES,
    **dict.fromkeys(("url", "homepage", "website"), re.compile(r"[\w-]\.[a-z]{2,}|://|localhost|^/", re.I)),
    **dict.fromkeys(("email", "mail"), re.compile(r"@")),
    **dict.fromkeys(("phone", "telephone", "fax"), re.compile(r"(?:\d\D{0,3}){5}")),
    **dict.fromkeys(
        ("price", "cost", "salary", "fee"), re.compile(r"\d|free|\b(?:none|included|negotiable)\b", re.I)
    ),
}
"""By the last word of a field's name that is a kind of value."""
_NUMBERED: Final = frozenset(
    (
        *("invoice", "order", "ticket", "serial", "tracking", "account", "customer", "parcel", "reference"),
        *("incident", "case", "part", "model", "article", "line", "flight", "train", "room", "chip", "build"),
    )
)
"""What a `… number` may be the number of: it has a digit."""


def may_be(field: Field, value: Any) -> bool:
    """False for a text that has not the form that values of such a field have."""
    if not isinstance(value, str) or field.members is not None:
        return True
    words = field.words.lower().split()
    if not words:
        return True
    kind = words[-1]
    if kind == "version" and _NAMED_RELEASES & set(words):
        return True
    if kind in ("number", "no") and _NUMBERED & set(words):
        return _DIGIT.search(value) is not None
    form = _FORMS.get("cve" if "cve" in words else kind)
    return form is None or form.search(value) is not None
