"""The forms in which programs write a time: one pattern each, to find it in a line and to take it apart.

The groups are y, mo, b (a month's name), d, h, mi, s, f (fraction), ap (AM or PM), z (zone); in a date of
three numbers with slashes or dashes, whose order the text alone can't tell, they are n1, n2 and n3.
"""

from __future__ import annotations

import re

ZONES = (
    r"(?:[ECMP][SD]T|A[EC][SD]T|AWST|[CEW]ES?T|GMT|UTC|BST|MSK|IST|JST|KST|SGT|HKT|NZ[SD]T|WI[BT]|SAST|BRT)"
)
_ENDINGS = ("uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember")
_SHORT_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH = (
    "(?:"
    + "|".join(
        name + (f"(?:{ending})?" if ending else "")
        for name, ending in zip(_SHORT_MONTHS, _ENDINGS, strict=True)
    )
    + f"|Sept|{'|'.join(map(str.upper, _SHORT_MONTHS))}|{'|'.join(map(str.lower, _SHORT_MONTHS))})"
)
"""Short or whole; in small letters as RouterOS writes them, in capitals as Oracle does."""
FOREIGN_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *(
                "janv janvier ene enero Januar gen gennaio янв января sty Oca",
                "févr février febrero febbraio фев февр февраля fev fevereiro lut Şub",
                "März Mär Mrz mars marzo мар марта março mrt",
                "avr avril abr aprile апр апреля kwi Nis",
            ),
            *(
                "Mai mai mayo mag maggio мая май mei maj",
                "juin junio Juni giu giugno июн июня cze Haz",
                "juil juillet julio Juli lug luglio июл июля lip Tem",
                "août ago agosto авг августа sie Ağu",
                "sept septiembre set settembre сен сент сентября wrz Eyl",
            ),
            *(
                "Okt octobre octubre ott ottobre окт октября out outubro okt paź Eki",
                "novembre noviembre ноя нояб ноября lis Kas",
                "Dez déc décembre dic diciembre dicembre дек декабря dez gru Ara",
            ),
        ),
        1,
    )
    for name in names.split()
}
"""Months of java.util.logging in other languages, where they differ from English."""
_FOREIGN_MONTH = "(?:" + "|".join(sorted(FOREIGN_MONTHS, key=len, reverse=True)) + ")"
_DAY = r"(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
_HALF = r"(?: ?(?P<ap>[AaPp]\.?[Mm]\b\.?))?"
_CLOCK = r"(?P<h>\d{1,2}):(?P<mi>\d\d):(?P<s>\d\d)(?P<f>[.,]\d{1,9}|:\d{3}(?!\d|:\d))?"
_MINUTES = r"(?P<h>\d{1,2}):(?P<mi>\d\d)(?!:\d|[.\d])"
_DOTTED_CLOCK = r"(?P<h>\d\d)[.-](?P<mi>\d\d)[.-](?P<s>\d\d)"
_ZONE = (
    rf"(?: ?(?P<z>Z\b|(?:GMT|UTC)[+-]\d{{1,2}}(?::?\d\d)?\b|[+-]\d\d(?::?\d\d)?(?!\d|:\d)|{ZONES}\b)"
    r"(?: (?:UTC|GMT|[A-Z]{3,4}(?= m=)))?(?: m=[+-]\d{1,12}\.\d{1,9})?)?"
)
"""What Go prints of a time names the zone once more, and has its own clock behind `m=`."""
_JOIN = r"(?:[T_ |]| {2}|, ?|\t|\] ?\[|\",\"|;| - | -- |\. ?|-(?=\d\d[:.])|:(?=\d\d:\d\d:)| \| | time=)"
_YEAR_FIRST = r"(?P<y>\d{4})[-/.:] ?(?P<mo>\d\d?)[-/.:] ?(?P<d>\d\d?)"
_DATED = (
    rf"{_YEAR_FIRST}{_JOIN}{_CLOCK}{_HALF}{_ZONE}",
    rf"(?P<y>\d{{4}})[-.](?P<mo>\d\d)[-.](?P<d>\d\d)[-T_]{_DOTTED_CLOCK}(?P<f>[.:,]\d{{1,9}})?",
    rf"(?P<y>\d{{4}})[-./](?P<mo>\d\d)[-./](?P<d>\d\d) {_DOTTED_CLOCK}"
    r"(?P<f>[:,]\d{1,9}|\.\d{4,9})?(?![.\d])",
    rf"{_YEAR_FIRST}[T ]{_MINUTES}{_HALF}{_ZONE}",
    rf"(?P<y>\d{{4}}) (?P<b>{MONTH}) +(?P<d>\d{{1,2}}) {_CLOCK}",
    rf"(?P<y>\d{{4}})[-/](?P<b>{MONTH})[-/](?P<d>\d{{1,2}}){_JOIN}{_CLOCK}{_HALF}{_ZONE}",
    rf"(?P<b>{MONTH}) +(?P<d>\d{{1,2}}) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)(?P<f>[.:]\d{{3}}) "
    rf"(?P<y>\d{{4}})(?![\d:])",
    rf"{_DAY} (?P<b>{MONTH}) +(?P<d>\d\d?) (?P<y>\d{{4}}) {_CLOCK}(?: GMT(?P<z>[+-]\d{{4}}))?",
    rf"(?P<d>\d\d)(?P<b>{MONTH})(?P<y>\d{{4}}) {_CLOCK}",
    rf"(?P<b>{MONTH})[/-](?P<d>\d\d)[/-](?P<y>\d{{4}}){_JOIN}{_CLOCK}{_HALF}{_ZONE}",
    r"(?P<mo>\d\d)-(?P<d>\d\d)-(?P<y>\d{4}) (?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)"
    r"(?P<f>\.\d{3})[+-]\d{2,3}(?!\d)",
    rf"{_DAY},? +(?P<b>{MONTH}) +(?P<d>\d{{1,2}}),? +{_CLOCK}{_HALF}(?: (?P<z>{ZONES}))? (?P<y>\d{{4}})",
    rf"{_DAY},? (?P<d>\d{{1,2}})[ -](?P<b>{MONTH})[ -](?P<y>\d{{4}}) {_CLOCK}{_HALF}{_ZONE}",
    rf"(?:{_DAY},? +)?(?P<b>{MONTH}) +(?P<d>\d{{1,2}}),? (?P<y>\d{{4}}),?(?: @)? {_CLOCK}{_HALF}{_ZONE}",
    rf"(?P<b>[一二三四五六七八九十]{{1,2}}月) +(?P<d>\d{{1,2}}), (?P<y>\d{{4}})"
    rf" {_CLOCK}(?: (?P<ap>上午|下午))?",
    rf"(?P<y>\d{{4}})[/年](?P<mo>\d\d?)[/月](?P<d>\d\d?)日? (?P<ap>午前|午後|上午|下午)?{_CLOCK}",
    rf"(?P<b>{_FOREIGN_MONTH})\.? +(?P<d>\d{{1,2}}), (?P<y>\d{{4}}) {_CLOCK}{_HALF}",
    rf"(?P<d>\d{{1,2}})[ -](?P<b>{_FOREIGN_MONTH})\.?[ -](?P<y>\d{{4}}) {_CLOCK}{_ZONE}",
    rf"(?P<d>\d{{1,2}})[ /-](?P<b>{MONTH})[ /-](?P<y>\d{{4}})(?:[ T]|::?|, ?){_CLOCK}{_HALF}{_ZONE}",
    rf"(?P<d>\d{{1,2}})[/-](?P<b>{MONTH})[/-](?P<y>\d\d) {_CLOCK}{_HALF}{_ZONE}",
    rf"(?P<d>\d\d)-(?P<b>{MONTH})-(?P<y>\d\d) {_DOTTED_CLOCK}(?P<f>\.\d{{1,9}})?(?P<ap> [AP]M)",
    rf"(?P<d>\d\d?)\. ?(?P<mo>\d\d?)\. ?(?P<y>\d{{4}}){_JOIN}{_CLOCK}{_ZONE}",
    rf"(?P<n1>\d\d?)[/-](?P<n2>\d\d?)[/-](?P<n3>\d{{4}}){_JOIN}{_CLOCK}{_HALF}{_ZONE}",
    rf"(?P<n1>\d\d?)(?:[/.]|(?P<dash>-))(?P<n2>\d\d?)[/.-](?P<n3>\d\d){_JOIN}{_CLOCK}{_HALF}{_ZONE}",
    rf"(?P<n1>\d\d?)/(?P<n2>\d\d?)/(?P<n3>\d{{4}}),? {_MINUTES}{_HALF}",
    r"(?P<y>\d{4})(?P<mo>\d\d)(?P<d>\d\d)[T _:.-](?P<h>\d\d):?(?P<mi>\d\d):?(?P<s>\d\d)(?P<f>[.,:]\d{1,9})?"
    r"(?P<z>Z|[+-]\d\d:?\d\d)?(?!\d|:\d)",
    r"(?P<y>\d\d)(?P<mo>\d\d)(?P<d>\d\d)[T _-] ?(?P<h>\d\d?):?(?P<mi>\d\d):?(?P<s>\d\d)(?P<f>[.,]\d{1,9})?"
    r"(?!\d|:\d)",
    r"(?P<y>[12]\d{3})(?P<mo>\d\d)(?P<d>\d\d)(?P<h>\d\d)(?P<mi>\d\d)(?P<s>\d\d)(?P<f>[.,]\d{1,9})?"
    r"(?=[\]| ,;:]|$)",
    rf"{_CLOCK},? (?P<y>\d{{4}})[-/.](?P<mo>\d\d?)[-/.](?P<d>\d\d?)(?!\d|[T :]\d)",
    rf"{_CLOCK},? (?P<d>\d\d?)[ /-](?P<b>{MONTH})[ /-](?P<y>\d{{4}})(?!\d)",
    rf"{_CLOCK},?(?: (?P<z>{ZONES}))? (?P<n1>\d\d?)[/-](?P<n2>\d\d?)[/-](?P<n3>\d{{4}})(?!\d)",
    rf"{_CLOCK},? (?P<d>\d\d?)\.(?P<mo>\d\d?)\.(?P<y>\d{{4}})(?!\d)",
)
"""Of two forms the one that takes more comes first; a clock before its date is no date's clock."""
_YEARLESS = (
    rf"(?:{_DAY},? +)?(?P<b>{MONTH}) +(?P<d>\d{{1,2}}),? {_CLOCK}{_HALF}{_ZONE}",
    rf"(?P<b>{_FOREIGN_MONTH})\.? +(?P<d>\d{{1,2}}) {_CLOCK}",
    rf"(?P<d>\d{{1,2}})[ /-](?P<b>{MONTH})[ /-]{_CLOCK}",
    rf"(?P<b>{MONTH})-(?P<d>\d\d) {_CLOCK}",
    rf"(?P<mo>\d\d)[-/](?P<d>\d\d)[ |]{_CLOCK}",
    rf"(?P<mo>\d\d)/(?P<d>\d\d)-{_CLOCK}",
    rf"(?P<d>\d\d)-(?P<b>{MONTH}) (?P<h>\d\d):(?P<mi>\d\d)(?![\d:.])",
    r"(?P<mo>\d\d)(?P<d>\d\d)[ /T-](?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)(?P<f>\.\d+)?",
    r"(?P<mo>\d\d)(?P<d>\d\d)/(?P<h>\d\d)(?P<mi>\d\d)(?P<s>\d\d)(?P<f>\.\d+)?(?!\d)",
)
_CLOCKS = (
    rf"{_CLOCK}(?: ?(?P<ap>[AaPp][Mm])\b)?(?P<z>Z\b|[+-]\d\d:?\d\d(?!\d))?"
    r"(?!\w|:(?![A-Z]{3}|[A-Z]{2}\d\d:)\w|-\d|/\d)",
    r"(?P<h>\d{1,2}):(?P<mi>\d\d) ?(?P<ap>[AP]M)\b(?![\w:])",
)
FORMS = tuple(map(re.compile, (*_DATED, *_YEARLESS, *_CLOCKS)))
"""In the order in which they are tried."""
_GROUP = re.compile(r"\?P<\w+>")
TIME = "(?:" + "|".join(_GROUP.sub("?:", form.pattern) for form in FORMS) + ")"
EPOCH = r"1\d{9}(?:\d{3}|\d{6}|\d{9})?(?:[.,]\d{1,9})?(?=[\s\]|,:;)\"]|[\[(<](?![\[(<])|/[A-Z]{3}|$)"
"""Seconds, milliseconds, microseconds or nanoseconds since 1970."""
UPTIME = r"\d{1,8}\.\d{3,9}s?$"
"""Seconds since some start; only in brackets."""
