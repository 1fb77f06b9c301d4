"""A header token by token: a time in any form, a level, and what stands between and behind them.

A time and a level are sure signs of a header. What stands between two of them (a process, a thread, a host, a
logger, a place in the source) belongs to it if it looks like a name; what stands behind the last one does if
it has the brackets or the separator of a header. There the message begins.
"""

from __future__ import annotations

import re

from mcp_smalltools.logs.headers.header_tokens import (
    WORDS_OF_TIME,
    BracketToken,
    TimeToken,
    bracket_at,
    field_at,
    level_at,
    name_at,
    number_at,
    place_at,
    time_at,
    time_behind,
)
from mcp_smalltools.logs.headers.levels import ANY_LEVELS, CLEAR_NAMES, SURE_NAMES, level_of_name
from mcp_smalltools.logs.headers.parsed_line import ParsedLine
from mcp_smalltools.logs.headers.program_forms import FACILITY_AND_LEVEL
from mcp_smalltools.logs.headers.tail import end_of_tail, skip_signs

_TOKENS, _WEAK, _PLAIN_WORDS = 16, 5, 1
_GAP = re.compile(
    r"[ \t]*(?:(?:[|,;:~»·›⋮>/]|\|\||\.{2,8}|\.:\.|-{1,3}|-{0,2}>|=>|::)(?=[ \t\[(<]|$)[ \t]*){0,3}"
    r"(?:[|,:;\t/](?=[A-Z]{3}|[A-Z][a-z]{3,10}\||\d{4}-|\[)"
    r"|:{1,2}(?=[A-Z]{3,11}:|[A-Z][a-z]{3,10}:)|[|;](?=[\w./:@-]{1,60}[|;])"
    r"|[|;](?=[a-z]{3,11}[|;]|[DIWEF]\|))?[ \t]*"
)
_FIRST_SIGNS = re.compile(r"(?:[*#>=-]{1,4}|\|) (?=[\[(<]?[\dA-Z])")
"""Before the time, as some programs mark each of their lines."""
_BEFORE_BAR = re.compile(r"[\w./:@-]{1,60}(?= ?[|;])")
_LEVEL_FIELD = re.compile(rf"(?i:level|lvl|severity)=\"?(?P<name>(?i:{CLEAR_NAMES}))\"?(?= |$)")
_TWO_WORDS = re.compile(r"([A-Za-z]{2,40})(?: \d{1,8}){0,2} ([A-Za-z]{2,40}) (?! )")
_COMMON = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:\d\d)?)"
    r"[ \t]+(?P<level>[A-Z]{4,11})[ \t]"
)
_CAPITAL_NAMES = frozenset(
    ("TRACE", "DEBUG", "INFO", "INFORMATION", "NOTICE", "WARN", "WARNING", "ERROR", "SEVERE", "FATAL")
)
_DATABASE_COLONS = re.compile(
    r":(?:[^\s:]{0,80}:){1,12}(?=(?:LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG\d?|DETAIL|HINT|STATEMENT|CONTEXT|QUERY):)"
)
_TAGGED = re.compile(
    r"(?P<letter>[VDIWEFA])/(?P<tag>[^\s:(]{0,100}(?: [^\s:(]{1,40}){0,2}) *(?:\( *\d+\))?: ?"
)
_LETTERS = frozenset("VDIWEF")
_LETTER_FIRST = re.compile(r"(?P<letter>[DIWEFANC]) (?=\[\d\d/)")
_LETTER_BEFORE_BRACKET = re.compile(r"(?P<letter>[DIWECATF]) (?=\[)")
_LETTER_BEFORE_PLACE = re.compile(r"(?P<letter>[DIWEFV]) (?=[\w./-]{1,160}\.\w{1,4}:\d{1,6}\])")
_RUBY = re.compile(r"[DIWEFA], (?=\[\d)")
_LETTER = re.compile(r"(?P<letter>[VDIWEF])\d? +(?:(?=\S+ *:)|(?=\|))")
_CRITICAL = re.compile(r"(?P<letter>C) (?=\|)")
_LETTER_OF_ESP = re.compile(r"(?P<letter>[VDIWE]) (?=\(\d{1,12}\) [^\s:]{1,40}:)")
_LETTER_OF_MONGO = re.compile(r"(?P<letter>[VDIWEF])\d? (?=(?:[A-Z_]{2,}|-) +\[)")
_LETTER_BETWEEN_SPACES = re.compile(r"(?<=  )(?P<letter>[VDIWEF])  (?=\S)")
_LETTER_OF_PROCESS = re.compile(r"(?P<letter>[DIWEF]) (?=[A-Za-z][\w.-]{1,40}: )")
_LETTER_AND_NUMBER = re.compile(r"(?P<letter>[DIWEFV]|(?<=\])[iwe])\d{3}: ")
_TWO_LETTERS = re.compile(r"(?P<letter>In|Wa|Er|No|Db|Cr|Al|Em)\(\d\d\)\+? ")
_TOPICS = re.compile(
    r"[a-z-]{2,20}(?:,[a-z-]{2,20}){0,4},(?P<letter>info|error|warning|critical|debug)(?: (?=\S)|,)"
)
_LETTER_BETWEEN_BARS = re.compile(r"(?P<letter>[DIWEFCV])(?=\|)")
_VERDICTS = re.compile(r"(?i:failure|failed|fail|abort|ko)(?![a-z])")
"""Levels of some programs, but behind a word what happened to it."""
_LETTER_OF_COLUMNS = re.compile(r"(?P<letter>[VDIWEF])\d? (?=\S)")
_TAG = re.compile(r"[^\s:]{1,80} *: ")
_WORD_OF_TEXT = re.compile(r"[^\W\d_]+[,:]?")
_CHANNEL = re.compile(
    r"[A-Za-z][\w-]{0,60}(?:\.[\w-]{1,40}){0,4}?(?:\[\d{1,8}\])?"
    rf"[./](?:(?P<name>{SURE_NAMES}|WAR|FAT)(?::| (?=\[))|(?P<word>(?i:{CLEAR_NAMES})): )"
)
_LEVEL_AND_FACILITY = re.compile(r"(?P<name>information|notice|warning|critical|debug)/[\w-]{2,60}: ")
"""Of Icinga."""
_PROCESS_BEFORE_LEVEL = re.compile(
    r"[^\s:\[\]]{1,160}: (?=(?:Debug|Info|Notice|Warning|Error|Fatal|Panic): )"
)
"""Of Dovecot."""
_FACILITY = re.compile(rf"(?=[a-z]{{3,8}}[0-7]?\.){FACILITY_AND_LEVEL}(?= )")
_SURE = re.compile(SURE_NAMES)
_DETAIL = re.compile(r"(?:DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION):  ")
_MESSAGE_ON_NEXT = re.compile(r"(?:(?:[\w$]+\.)+[\w$]+ [\w$<>]+|[\w.`+<>,$-]*\w\[\d+\])\s*")
_BEFORE_LEVEL = re.compile(
    r"(?:(?:\S{1,80} )?url: \S{1,400} user: )?(?:\S+ +){0,4}?"
    r"(?P<name>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE)[ :]"
)
_LEVEL_LAST = re.compile(rf"(?: - | \| |\t)(?P<name>{SURE_NAMES})\s*$")


def scan_header(line: str, start: int = 0, *, carried: bool = False) -> ParsedLine | None:
    """The line from `start` on, taken apart; None if there is neither a time nor a level before its message.
    `carried`: what carried the line wrote a time already.
    """
    if is_text(line, start):
        return None
    scan = _Scan(line, start, timed=carried)
    scan.run()
    if scan.time is None and scan.level is None:
        return None
    return scan.parsed()


def _has_any(line: str, signs: str, start: int, end: int) -> bool:
    return any(line.find(sign, start, end) > 0 for sign in signs)


def _between_bars(line: str, at: int) -> bool:
    """Whether one sign stands between bars here."""
    return line[at - 1 : at] == "|" and line[at + 1 : at + 2] == "|"


def is_text(line: str, start: int) -> bool:
    """Two words that can be neither a time nor a level: there the scan would give up. Most messages of lines
    without a header begin so.
    """
    found = _TWO_WORDS.match(line, start)
    return found is not None and all(
        word[:3] not in WORDS_OF_TIME and word.lower() not in ANY_LEVELS for word in found.groups()
    )


class _Scan:
    """`at`: where the next token is looked for; `end`: where the header ends, as far as it is sure."""

    def __init__(self, line: str, start: int, *, timed: bool) -> None:
        self._line = line
        self._start = self._at = self._end = start
        self._timed = timed
        self._weak = self._plain = self._numbers = self._marks = 0
        self._tagged = False
        self._keeps_word = self._continues = False
        self.time: TimeToken | None = None
        self.level: str | None = None

    def run(self) -> None:
        if self._take_common():
            return
        ruby = _RUBY.match(self._line, self._at)  # the level stands there again
        signs = _FIRST_SIGNS.match(self._line, self._at)
        if ruby is not None or signs is not None:
            self._at = (ruby or signs).end()  # type: ignore[union-attr]  # one of them is there
        for _ in range(_TOKENS):
            gap = _GAP.match(self._line, self._at)
            at = gap.end() if gap is not None and (self._timed or self._at > self._start) else self._at
            if at >= len(self._line) or not self._take(at) or (self.time and self.level):
                break

    def _take_common(self) -> bool:
        """Read the most frequent header at once, with what token by token would give."""
        found = _COMMON.match(self._line, self._start)
        if found is None or found["level"] not in _CAPITAL_NAMES:
            return False
        start, end = found.span("time")
        self.time, self.level = TimeToken(start, end, end), level_of_name(found["level"])
        self._commit(found.end("level"))
        return True

    def _take(self, at: int) -> bool:
        """Read the token at this place. False: the message begins here, or is not far."""
        if self._line[at] == "[" and self._take_time_of_two_brackets(at):
            return True
        bracket = bracket_at(self._line, at)
        if bracket is not None:
            return self._take_bracket(at, bracket)
        time = time_at(self._line, at)
        if time is not None and (self.time is None or self._end == self._at):
            if self.time is None:
                self.time = time
            self._commit(time.after)
            colons = (
                _DATABASE_COLONS.match(self._line, time.after)
                if time.after < len(self._line) and self._line[time.after] == ":"
                else None
            )
            if colons is not None:
                self._at = colons.end()
            return True
        if self.level is None and self._take_level(at):
            return True
        return self._take_weak(at)

    def _take_time_of_two_brackets(self, at: int) -> bool:
        """[2026-03-01][10:00:00]"""
        time = time_at(self._line, at + 1)
        if time is None or self.time is not None or "[" not in self._line[time.start : time.end]:
            return False
        self.time = time
        self._commit(time.end + 1)
        return True

    def _take_bracket(self, at: int, bracket: BracketToken) -> bool:
        known = False
        if bracket.time is not None and (self.time is None or self._end == self._at):
            self.time, known = self.time or bracket.time, True
        if bracket.level is not None and self.level is None and self._may_be_level(at, bracket):
            self.level, known = bracket.level, True
        if known:
            self._commit(bracket.end)
            return True
        self._at = bracket.end
        self._weak += 1
        self._marks += 1
        return self._weak <= _WEAK

    def _may_be_level(self, at: int, bracket: BracketToken) -> bool:
        """After a word that may be text, only a plain name is one: "Task [failed]" is a message."""
        inside = self._line[at + 1 : bracket.end - 1].strip()
        if len(inside) == 1 and self.time is None and self._weak > self._marks + 1:
            return False  # "pub   ed25519 2026-03-01 [C]"
        if not self._plain:
            return True
        known = _SURE.fullmatch(inside.upper()) is not None
        return known and (inside.isupper() or self._timed or self.time is not None)

    def _take_level(self, at: int) -> bool:
        line = self._line
        timed = self._timed or self.time is not None
        behind = timed and self._plain == 0
        found = level_at(
            line,
            at,
            headed=timed,
            right_behind=behind and (self._weak == 0 or (self._weak == self._marks and line[at].isupper())),
        )
        if found is not None and (found.sure or self._end > self._start) and self._may_follow(at, found.end):
            self.level, self._keeps_word = found.level, found.keep
            self._continues = _DETAIL.match(line, at) is not None
            self._commit(at if found.keep else found.end)
            return True
        channel = _CHANNEL.match(line, at) if _has_any(line, "./", at, at + 120) else None
        if channel is not None and channel["word"] and not timed:
            channel = None
        tagged = channel or (_TAGGED.match(line, at) if line[at + 1 : at + 2] == "/" else None)
        if tagged is None and timed and line.find(".", at, at + 10) > 0:
            tagged = _FACILITY.match(line, at)
        if tagged is None and timed and line.find("/", at, at + 12) > 0:
            tagged = _LEVEL_AND_FACILITY.match(line, at)
        if tagged is not None and (timed or at == self._start):
            self.level = level_of_name(tagged[1] or tagged.groupdict().get("word") or "")
            self._tagged = True
            self._commit(tagged.end())
            return True
        letter = self._letter(at, timed=timed)
        if letter is not None:
            self.level = level_of_name(
                letter["letter"].lower()[:1] if letter.re is _TWO_LETTERS else letter["letter"]
            )
            tag = _TAG.match(line, letter.end()) if letter.re is _LETTER else None
            self._tagged = tag is not None
            self._commit(tag.end() if tag is not None else letter.end())
        return letter is not None

    def _may_follow(self, at: int, end: int) -> bool:
        """After words that may be text, a level is one only with a sign behind it; in small letters ("On
        error:") hardly then.
        """
        if self._plain and _VERDICTS.match(self._line, at) is not None:
            return False
        if self._plain and self._line[at].islower() and self._line[end : end + 1] == ":":
            return not self._line[at - 2 : at - 1].isalpha()
        return (
            not self._plain
            or not self._line[at].isalnum()
            or (self.time is None and time_behind(self._line, end))
            or (self._weak > self._plain == 1 and (self._timed or self.time is not None))
            or self._line[end : end + 1] in ("]", ":", "|", "\t")
            or self._line[end : end + 3] == " - "
        )

    def _special(self, at: int) -> re.Match[str] | None:
        """A level that one program writes in a way of its own, right behind the time or a column of it."""
        if self._end != self._at and not self._numbers and not self._weak:
            return None
        first = self._line[at]
        if self._end == self._at:
            found = _LETTER_BEFORE_BRACKET.match(self._line, at) or _LETTER_BEFORE_PLACE.match(self._line, at)
            found = found or _CRITICAL.match(self._line, at)
            if found is not None:
                return found
        if first in "iwe" and (found := _LETTER_AND_NUMBER.match(self._line, at)) is not None:
            return found
        if first not in _LETTERS:
            return (
                _TOPICS.match(self._line, at)
                if first.islower() or first == "-"
                else _TWO_LETTERS.match(self._line, at)
            )
        for pattern in (
            _LETTER_OF_MONGO,
            _LETTER_OF_ESP,
            _LETTER_OF_PROCESS,
            _LETTER_AND_NUMBER,
            _TWO_LETTERS,
        ):
            found = pattern.match(self._line, at)
            if found is not None and (self._plain == 0 or pattern is not _LETTER_OF_PROCESS):
                return found
        return _LETTER_BETWEEN_SPACES.match(self._line, at) if self._numbers else None

    def _letter(self, at: int, *, timed: bool) -> re.Match[str] | None:
        if at == self._start:
            return _LETTER_FIRST.match(self._line, at)  # CUPS
        if not timed:
            return None
        if _between_bars(self._line, at) and (between := _LETTER_BETWEEN_BARS.match(self._line, at)):
            return between
        special = self._special(at)
        if special is not None or self._line[at] not in _LETTERS:
            return special
        if self._numbers or self._end == self._at:
            found = _LETTER.match(self._line, at)
            if found is not None and (
                self._numbers or self._line[found.end()] == "|" or found[0].endswith("  ")
            ):
                return found
        return _LETTER_OF_COLUMNS.match(self._line, at) if self._numbers > 1 else None

    def _take_weak(self, at: int) -> bool:
        """Read what belongs to the header only if a time or a level follows."""
        line = self._line
        process = _PROCESS_BEFORE_LEVEL.match(line, at) if self._end == self._at else None
        if process is not None and (self._timed or self.time is not None):
            self._at = process.end()
            return True
        for read in (number_at, field_at, place_at):
            end = read(line, at)
            if end is not None:
                self._numbers += read is number_at
                self._marks += read is number_at
                if read is field_at and (self._timed or self.time is not None):
                    named = _LEVEL_FIELD.match(line, at) if self.level is None else None
                    if named is not None:
                        self.level = level_of_name(named["name"])
                        self._commit(named.end())
                        return True
                    self._at = end  # metadata between time and level, as many as there are
                    return True
                break
        else:
            column = _BEFORE_BAR.match(line, at) if line[:at].rstrip(" ")[-1:] in ("|", ";") else None
            end = column.end() if column is not None else name_at(line, at)
            if end is None:
                return False
            if column is None and _WORD_OF_TEXT.fullmatch(line, at, end) and line[end : end + 2] != "  ":
                self._plain += 1
                if self._plain > _PLAIN_WORDS or (self.level is not None and self.time is None):
                    return False
        self._weak += 1
        self._at = end
        return self._weak <= _WEAK

    def _commit(self, end: int) -> None:
        self._at = self._end = end
        self._weak = self._plain = self._numbers = self._marks = 0

    def parsed(self) -> ParsedLine:
        line = self._line
        end = self._end
        if not (self._keeps_word or self._tagged):
            has_time = self._timed or self.time is not None
            end = end_of_tail(line, end) if has_time else skip_signs(line, end)
        if self._keeps_word:
            while line[end : end + 1] in (" ", "\t"):
                end += 1
        content = line[end:]
        level, said = self.level, self.level is not None
        if level is None and (among := _BEFORE_LEVEL.match(content)) is not None:
            level = level_of_name(among["name"])
            said = among[0].count(" ") <= 2 or " user: " in among[0]
        if (
            level is None
            and self.time is not None
            and (last := _LEVEL_LAST.search(content[-16:])) is not None
        ):
            level, said = level_of_name(last["name"]), True
        time = None if self.time is None else line[self.time.start : self.time.end]
        name = "level" if time is None else "time" if self._is_time_first() else "level+time"
        announces = _MESSAGE_ON_NEXT.fullmatch(content) is not None or (
            content in ("", "[[") and time is not None
        )
        place = -1 if self.time is None else self.time.start
        return ParsedLine(
            name,
            content,
            time,
            level,
            time_at=place,
            level_said=said,
            announces=announces,
            continues=self._continues,
        )

    def _is_time_first(self) -> bool:
        assert self.time is not None
        return self.time.start - self._start <= 1
