"""Values that their names give away: settings, code, command lines, elements, queries.

RE2 looks for the names, in time proportional to the text; what stands around each is looked at within bounds.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mcp_smalltools.privacy.secret_names import FOREIGN_SCRIPTS, Secrecy, secrecy_of
from mcp_smalltools.privacy.secret_values import (
    is_assigned,
    is_bare_secret,
    is_plain_word,
    is_prose,
    is_quoted_secret,
    is_random,
)

_LOOK_BACK: Final = 80
_MAX_VALUE: Final = 4096
_MAX_SETTING: Final = 300
_MAX_BLOCK: Final = 20_000

_STRONG: Final = (
    r"pass|pwd|pswd|psw|pword|secret|token|credential|kennw|wachtw|contrase|senha|clave|haslo|heslo|mdp|parola|"
    r"parole|sifre|jelszo|salasana|losenord|adgangskode|geheim|mot_?de_?passe|lozinka|kata_?sandi|"
    r"api[_-]?key|securestring|masterauth|ssn|social_?security"
)
_WEAK: Final = (
    r"(?:keys?|auth(?:orization|code)?|salt|psk|jwt|bearer|mnemonic|creds?|phrase|\bpat|_pat)(?:\b|[_.\d-])"
)
_REST: Final = r"[A-Za-z0-9_.-]*"
_AFTER: Final = r"[\\\"'`\])}*]*"
ANCHOR: Final = (
    rf"(?i:(?:{_STRONG}){_REST}(?:{_AFTER}\s*(?:[:=>]|->|is:?\s)|[\\\"']*[\s,]+[\"']?val(?:ue)?[\"']?\s*[:=]|"
    rf"[\\\"']+\s*,\s*[A-Za-z]{{0,2}}[\\\"'`]|[\\\"'`]*[ \t]+[\\A-Za-z]{{0,2}}[\"'`]|"
    rf"\([ \t]*[\\@A-Za-z]{{0,2}}[\"'`]|"
    rf"\s[^<>\n]{{0,100}}>|</key>\s*<string>)|curlopt_[a-z]*pwd\s*,\s*[\"']|"
    rf"(?:{_WEAK}){_REST}{_AFTER}(?:\s*(?:[:=>,]|->|is:?\s)[>\s]*|[\s,]*[\"']?val(?:ue)?[\"']?\s*[:=]\s*|</key>\s*<string>)"
    rf"[\\\"'`]*[^\s\"'`<>(){{}},;]{{16}}|(?:key|salt)[\"']\s*,\s*[\"']|"
    rf"\b(?:api|access|secret|private|encryption|signing|licen[cs]e) key{_AFTER}\s*(?:[:=>]|->|is:?\s)|"
    rf"(?:\b|_)(?:pin|otp|totp|cvv|cvc|cvv2|pw)(?:_?code)?{_AFTER}\s*[:=>]\s*[\"']?\w)"
)
"""A name of a secret and the sign of a value after it, for RE2."""

_NAME_BEFORE: Final = re.compile(r"[\w.-]*", re.ASCII)
_NAME_AFTER: Final = re.compile(r"[\w.-]{0,80}", re.ASCII)
_WORDS_BEFORE: Final = re.compile(r"(?:^|[^\w.-])((?:[A-Za-z]{2,20} ){1,2})$", re.ASCII)
_TWO_WORDS: Final = re.compile(r"[A-Za-z]{3,10} (?=[Kk](?:ey|EY)\b)|API (?=KEY\b)")
_CLOSE: Final = re.compile(r"(?:\\{0,3}[\"'`]|[\])}]|\*\*){0,6}")
_SIGN: Final = re.compile(r"(\s*)(:=|=>|->|::|={1,3}|:)(?!=)")
_MASK: Final = re.compile(r"(?:SECRET|PRIVATE(?:_KEY)?|SSN)_[1-9]\d{0,5}")
"""Masks (`redact.KINDS`) whose name is that of a secret."""
_MOST_ELEMENT: Final = 4_200
_BLANKS: Final = re.compile(r"[ \t]*")
_IS: Final = re.compile(  # but "the token is invalid!"
    r"[ \t]+is:?[ \t]+(?:(?:set|now|still|changed)[ \t]+(?:to[ \t]+)?)?(?=\S)(?![a-z]+[!?](?:\s|$))"
)
_COMMA: Final = re.compile(r"\s*,\s*")
_VALUE_KEY: Final = re.compile(r"[\s,]*[\"']?val(?:ue)?[\"']?\s*[:=]\s*", re.IGNORECASE)
_IN_NAME: Final = re.compile(
    r"(?:name|key|id|property|entry|field)[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?$", re.IGNORECASE
)
_ELEMENT: Final = re.compile(r"[^<>\n]{0,200}>\s*")
_ELEMENT_TEXT: Final = re.compile(r"(?:<!\[CDATA\[)?([^<>]{1,4000}?)\s*(?:\]\]>)?\s*</")
_PLIST: Final = re.compile(r"</key>\s*<string>([^<>]{1,4000})</string>")
_ANNOTATION: Final = re.compile(r"[A-Za-z][\w.<>\[\]|?, ]{0,40}=(?!=)[ \t]*(?=[\\rbuf@]{0,2}[\"'`])")
_WRAPPER: Final = re.compile(
    r"(?:new[ \t]+)?(?:SecretStr|SecretBytes|Secret|String::from|String|Some|str|bytes|to_owned|Buffer\.from|"
    r"[\w.]{0,30}[Ss]ecure\w{0,20}|b64decode|base64\.b64decode|text|Password|Token|[\w.]{0,30}Password)"
    r"\([ \t]*(?=[\"'`rb@])"
)
_QUOTE: Final = re.compile(
    r"(?:!!\w+[ \t]+)?(?:[rbuflRBUFLN]{0,2}|@|u8)(\\{0,3}(?:\"\"\"|'''|[\"'`])|&quot;|&#3[49];)"
)
_BARE: Final = re.compile(r"[^\s\"'`\x00-\x1f\x7f]{1,4096}")  # colours of a terminal are no part of it
_BARE_END: Final = re.compile(
    r"[,;&|](?=$|\s|\\n|[\w.-]+\s*[:=])|</|<[A-Za-z]|\\n|\\r|\\t|\\?[\"']|&quot;|&amp;|&lt;"
)
_BLOCK: Final = re.compile(r"[|>][+-]?\d?[+-]?[ \t]*(?:#[^\n]*)?\n")
_LIST_ITEM: Final = re.compile(
    r"[ \t]*-[ \t]+[\"']?([^\s\"'#][^\n\"'#]{0,300}?)[\"']?[ \t]*(?:#[^\n]*)?(?:\n|$)"
)
_ARRAY_ITEM: Final = re.compile(r"\\{0,3}([\"'])((?:(?!\1)[^\n\\]){1,300})\\{0,3}\1")
_LINE_START: Final = re.compile(
    r"\s*(?:[-*+]\s+)?(?:(?:export|set|setx|ENV|ARG|env|declare\s+-x|local|let|readonly|-e|--env|--build-arg)\s+)?"
    r"(?:\$env:|\$|[\"'])?$"
)
_NOT_A_SETTER: Final = re.compile(
    r"(?:get|find|prompt|ask|read|input|fetch|load|lookup|generate|gen|has|is|check|verify|validate|hash|encrypt|"
    r"decrypt|test|should|require|need|show|print|log|describe|it|format|parse|make|by|for|no|new_?random)_"
)
_SETTINGS_LINE: Final = re.compile(
    r"\s*(?:[#;!].*|\[[^\]]*\]|(?:export\s+)?[\w.\-/ ]{1,60}\s*[=:].*|-\s+.*|)$"
)
_CODE_LINE: Final = re.compile(
    r"\s*(?:def|class|import|from|if|else|elif|for|while|return|func|function|var|const|public|private|static|try|"
    r"except|raise|throw|case|switch|with|and|or|not|assert|package|using|namespace)\b|.*[({;,]\s*$|.*\w\(.*\)"
)


class _Name(NamedTuple):
    """Where a name stands, and what it says."""

    start: int
    end: int
    secrecy: Secrecy


class SecretSpan(NamedTuple):
    """Where the value of a secret stands."""

    start: int
    end: int
    beyond_line: bool = False
    """Its name stands on another line."""


FOREIGN: Final = (
    f"(?i:{'|'.join(map(re.escape, sorted(FOREIGN_SCRIPTS, key=len, reverse=True)))})[\"'`)\\s]{{0,8}}[:=]"
)
"""A name of a password that is not written in ASCII, for RE2."""


def name_around(look: str, start: int) -> tuple[int, int]:
    """The whole name that has a word of a secret at `start`; of two words the second."""
    if two := _TWO_WORDS.match(look, start):
        start = two.end()
    before = _NAME_BEFORE.match(look[max(0, start - _LOOK_BACK) : start][::-1])
    after = _NAME_AFTER.match(look, start)
    left = start - (len(before[0]) if before else 0)
    right = after.end() if after else start
    while left < start and look[left] in ".-":
        left += 1
    while right > start and look[right - 1] in ".-":
        right -= 1
    return left, right


def secrecy_in_words(look: str, start: int, end: int) -> Secrecy:
    """What the name says, or with up to two words before it: `Secret access key`."""
    secrecy = secrecy_of(look[start:end])
    if secrecy >= Secrecy.TOKEN or look[start - 1 : start] != " ":
        return secrecy
    for words in _WORDS_BEFORE.findall(look[max(0, start - _LOOK_BACK) : start]):
        for before in (words, words.partition(" ")[2]):
            if before.strip() and (found := secrecy_of(before + look[start:end])) > secrecy:
                return found
    return secrecy


def values_of(look: str, start: int, end: int, secrecy: Secrecy | None = None) -> list[SecretSpan]:
    """The values that the name from `start` to `end` gives away: none, one, or those of a list."""
    secrecy = secrecy_in_words(look, start, end) if secrecy is None else secrecy
    if secrecy is Secrecy.NONE:
        return []
    if look.startswith("</", max(0, start - 2)) or _is_folder(look, start, end) or _is_mask(look, start, end):
        return []
    close = _CLOSE.match(look, end)
    at = close.end() if close else end
    closed = look[end:at]
    if (
        in_name := _IN_NAME.search(look, max(0, start - 24), start)
        if look[start - 1 : start] in "\"' :="
        else None
    ):
        found = _value_beside(look, at, secrecy)
        if found:
            return found
    if look.startswith("</key>", at):
        plist = _PLIST.match(look, at)
        judged = plist is not None and is_quoted_secret(plist[1], secrecy)
        return [SecretSpan(*plist.span(1), True)] if plist and judged else []
    if look[start - 1 : start] == "<" or (
        look[start - 1 : start] == ":" and "<" in look[max(0, start - 20) : start]
    ):
        return _element(look, at, secrecy)
    if in_name and look[at : at + 1] == ">":
        return _element(look, at, secrecy)
    if (sign := _SIGN.match(look, at)) and not ("\n" in sign[1] and not closed):
        return _assigned(look, _Name(start, end, secrecy), sign.end(), sign[2])
    if closed and (comma := _COMMA.match(look, at)):
        return _argument(look, start, comma.end(), secrecy)
    if look[start : start + 8] == "CURLOPT_" and (comma := _COMMA.match(look, at)):
        return _argument(look, start, comma.end(), secrecy)
    if look.startswith("(", end):
        return _set(look, start, end, secrecy)
    if said := _IS.match(look, at):
        return _bare(look, said.end(), secrecy, tight=False) or _quoted(look, said.end(), secrecy)
    return _after_blank(look, start, at, secrecy)


def _is_mask(look: str, start: int, end: int) -> bool:
    """Whether the name is a mask of ours, `<SECRET_1>`, and no element of that name."""
    if look[start - 1 : start] != "<" or look[end : end + 1] != ">" or not _MASK.fullmatch(look, start, end):
        return False
    return look.find(f"</{look[start:end]}>", end, end + _MOST_ELEMENT) < 0


def _is_folder(look: str, start: int, end: int) -> bool:
    """Whether the name is the shell's variable of the working folder: `$PWD:/mnt`, `OLDPWD=/home/ann`."""
    if look[start:end] not in ("PWD", "OLDPWD"):
        return False
    return look[start - 1 : start] in ("$", "{") or (
        look[end : end + 1] in (":", "=") and (look[end + 1 : end + 2] in ("/", "~", "$"))
    )


def _value_beside(look: str, at: int, secrecy: Secrecy) -> list[SecretSpan]:
    """`name: DB_PASSWORD, value: x`, as an object, an attribute or on the next line."""
    if not (key := _VALUE_KEY.match(look, at)):
        return []
    return [
        value._replace(beyond_line="\n" in key[0])
        for value in _quoted(look, key.end(), secrecy)
        or _bare(look, key.end(), secrecy, tight=True)
        or _plain_word(look, key.end(), secrecy)
    ]


def _plain_word(look: str, at: int, secrecy: Secrecy) -> list[SecretSpan]:
    word = re.compile(r"[^\W\d_]{4,60}(?=[ \t]*(?:\n|$))").match(look, at)
    return (
        [SecretSpan(*word.span())] if word and secrecy is Secrecy.PASSWORD and is_plain_word(word[0]) else []
    )


def _element(look: str, at: int, secrecy: Secrecy) -> list[SecretSpan]:
    opened = _ELEMENT.match(look, at)
    text = _ELEMENT_TEXT.match(look, opened.end()) if opened and look[opened.end() - 1 :] else None
    if not opened or not text or look[opened.start() : opened.end()].rstrip().endswith("/>"):
        return []
    value = text[1]
    if secrecy is Secrecy.TOKEN and not (is_quoted_secret(value, secrecy) or _is_plain_token(value)):
        return []
    if secrecy is not Secrecy.TOKEN and not is_quoted_secret(value, secrecy):
        return []
    return [SecretSpan(*text.span(1), "\n" in look[at : text.start(1)])]


def _is_plain_token(value: str) -> bool:
    return len(value) >= 8 and " " not in value and is_assigned(value) and any(not c.isalpha() for c in value)


def _assigned(look: str, name: _Name, at: int, sign: str) -> list[SecretSpan]:
    """What stands behind `=`, `:` and their like, on this line or below."""
    start, end, secrecy = name
    if sign == "::":
        return []
    blanks = _BLANKS.match(look, at)
    value_at = blanks.end() if blanks else at
    if sign == ":" and (annotation := _ANNOTATION.match(look, value_at)):
        value_at = annotation.end()
    if wrapper := _WRAPPER.match(look, value_at):
        value_at = wrapper.end()
    if sign == ":" and (block := _BLOCK.match(look, value_at)):
        return _block(look, start, block.end(), secrecy)
    rest = look[value_at : value_at + 1]
    if rest in ("", "\n") or look.startswith(("\\\n", "(\n"), value_at):
        return _below(look, value_at, secrecy)
    if rest in "[{" and secrecy >= Secrecy.TOKEN:
        return _array(look, value_at, secrecy)
    if quoted := _QUOTE.match(look, value_at):
        return _quoted(look, value_at, secrecy) if quoted else []
    if look[start:end].lower() == "pass" and sign == ":":
        return []  # the outcome of a test
    found = _bare(look, value_at, secrecy, tight=value_at == at and sign in ("=", ":="))
    return found or _on_a_line_of_its_own(look, name, value_at, sign, tight=value_at == at)


def _quoted(look: str, at: int, secrecy: Secrecy, *, any_word: bool = True) -> list[SecretSpan]:
    quote = _QUOTE.match(look, at)
    if not quote:
        return []
    end = _end_of_quoted(look, quote.end(), quote[1])
    value = look[quote.end() : end]
    if not look.startswith(quote[1] or "&", end) and not is_random(value):
        return []  # no end: the quote closed another text
    if value and is_quoted_secret(value, secrecy) and (any_word or not value.replace("_", "").isalpha()):
        return [SecretSpan(quote.end(), end)]
    return []


def _end_of_quoted(look: str, at: int, quote: str) -> int:
    """Where a text in quotes ends: at the quote that isn't escaped, or with the line."""
    limit = min(len(look), at + _MAX_VALUE)
    if len(quote.lstrip("\\")) < 3 and quote != "`":
        line_end = look.find("\n", at, limit)
        limit = line_end if line_end >= 0 else limit
    place = look.find(quote, at, limit)
    while place > at and not quote.startswith("\\"):
        escapes = place
        while escapes > at and look[escapes - 1] == "\\":
            escapes -= 1
        if (place - escapes) % 2 == 0:
            break
        place = look.find(quote, place + 1, limit)
    return place if place >= 0 else limit


def _bare(look: str, at: int, secrecy: Secrecy, *, tight: bool) -> list[SecretSpan]:
    found = _BARE.match(look, at)
    if not found:
        return []
    value = found[0]
    if stop := _BARE_END.search(value):
        value = value[: stop.start()]
    value = value.rstrip(",;:)]}" if not any(c in value[:-1] for c in "([{") else ",;:")
    if len(value) > 4 and not tight:
        value = value.rstrip(".")
    if len(value) >= (6 if secrecy is Secrecy.TOKEN and not tight else 4) and is_bare_secret(
        value, secrecy, tight=tight
    ):
        return [SecretSpan(at, at + len(value))]
    return []


def _on_a_line_of_its_own(look: str, name: _Name, at: int, sign: str, *, tight: bool) -> list[SecretSpan]:
    """A setting that is the whole line: its value may be letters alone, or have blanks and signs in it."""
    start, end, secrecy = name
    if secrecy is not Secrecy.PASSWORD:
        return []
    line_start = look.rfind("\n", max(0, start - _LOOK_BACK), start) + 1 or max(0, start - _LOOK_BACK)
    line_end = look.find("\n", at, at + _MAX_SETTING)
    if line_end < 0 and len(look) > at + _MAX_SETTING:
        return []
    value = re.sub(r"\s#.*$", "", look[at : line_end if line_end >= 0 else len(look)]).rstrip()
    prefix, is_capital = look[line_start:start], look[start:end].isupper()
    connection = prefix.endswith(";") and value.partition(";")[0]
    if connection and is_plain_word(connection):
        return [SecretSpan(at, at + len(connection))]
    if not _LINE_START.match(prefix) or not value:
        return []
    if tight and is_capital and " " in value and is_plain_word(value.split()[0]):  # before a command
        return [SecretSpan(at, at + len(value.split()[0]))]
    indented = prefix[:1].isspace()
    if " " in value:
        words = value.split()
        some = any(is_random(word) for word in words) and len(words) <= 5 and not is_prose(value)
        ok = sign == ":" and some and not any(c in value for c in "(){}[]=;,\"'")
    elif not is_plain_word(value):
        ok = not any(c in value for c in "()[]{}\"'`") and is_random(value) and not value.endswith((",", ";"))
    elif is_capital:
        ok = tight and not value.isupper()
    elif tight and sign == "=":
        ok = not indented
    elif sign == ":" and not tight:
        ok = value.islower() and (line_start == 0 or not _is_among_code(look, line_start))
    else:
        ok = sign == "=" and not indented and _is_among_settings(look, line_start)
    return [SecretSpan(at, at + len(value))] if ok else []


def _neighbours(look: str, line_start: int) -> list[str]:
    around = look[max(0, line_start - 300) : line_start + 300].split("\n")
    return [line for line in around[1:-1] if line.strip()]


def _is_among_settings(look: str, line_start: int) -> bool:
    lines = _neighbours(look, line_start)
    return len(lines) >= 2 and all(
        _SETTINGS_LINE.match(line) and not _CODE_LINE.match(line) for line in lines
    )


def _is_among_code(look: str, line_start: int) -> bool:
    return any(map(_CODE_LINE.match, _neighbours(look, line_start)))


def _block(look: str, start: int, at: int, secrecy: Secrecy) -> list[SecretSpan]:
    """The lines of YAML's `|` and `>`: all that are further in than their key."""
    line_start = look.rfind("\n", max(0, start - 200), start) + 1
    indent = len(look[line_start:start]) - len(look[line_start:start].lstrip(" \t-\"'"))
    end = place = at
    limit = min(len(look), at + _MAX_BLOCK)
    while place < limit:
        line_end = look.find("\n", place, limit)
        line_end = limit if line_end < 0 else line_end
        line = look[place:line_end]
        if line.strip():
            if len(line) - len(line.lstrip()) <= indent:
                break
            end = line_end
        place = line_end + 1
    text = look[at:end]
    value = text.strip()
    if not value or secrecy < Secrecy.TOKEN or value.startswith("<") or is_prose(value):
        return []
    begin = at + len(text) - len(text.lstrip())
    return [SecretSpan(begin, begin + len(value), True)]


def _below(look: str, at: int, secrecy: Secrecy) -> list[SecretSpan]:
    """A value, or a list of them, that starts on the next line."""
    first = re.compile(r"[\\(]?[ \t]*\n\s*").match(look, at)
    if not first:
        return []
    value_at = first.end()
    if quoted := _quoted(look, value_at, secrecy):
        behind = look[quoted[0].end + 1 : quoted[0].end + 6].lstrip()
        return [] if behind.startswith(":") else [quoted[0]._replace(beyond_line=True)]
    if look.startswith("- ", value_at):
        found, place = [], look.rfind("\n", 0, value_at) + 1
        while (item := _LIST_ITEM.match(look, place)) and place < at + _MAX_BLOCK:
            if is_bare_secret(item[1], secrecy, tight=True) or (
                is_plain_word(item[1]) and secrecy > Secrecy.PIN
            ):
                found.append(SecretSpan(*item.span(1), True))
            place = item.end()
        return found
    bare = _bare(look, value_at, secrecy, tight=False)
    if bare and look[bare[0].end : bare[0].end + 1] in ("", "\n") and look[value_at - 1] in " \t":
        return [bare[0]._replace(beyond_line=True)]
    return []


def _array(look: str, at: int, secrecy: Secrecy) -> list[SecretSpan]:
    end = look.find("]" if look[at] == "[" else "}", at, at + 2000)
    if end < 0:
        return []
    found = []
    for item in _ARRAY_ITEM.finditer(look, at, end):
        if (
            is_quoted_secret(item[2], secrecy)
            and is_random(item[2])
            and look[item.end() : item.end() + 1] != ":"
        ):
            found.append(SecretSpan(*item.span(2)))
    return found


def _argument(look: str, start: int, at: int, secrecy: Secrecy) -> list[SecretSpan]:
    """`define('DB_PASSWORD', 'x')`, `setenv("API_TOKEN", "x")`: the argument behind the name."""
    before = look[max(0, start - 24) : start].lower()
    if "define" in before or look.startswith("CURLOPT_", start):
        found = _quoted(look, at, secrecy) or _quoted(look, at, Secrecy.PASSWORD)
        return [value for value in found if secrecy is Secrecy.PASSWORD or value.end - value.start >= 20]
    return [value for value in _quoted(look, at, secrecy) if is_random(look[value.start : value.end])]


def _set(look: str, start: int, end: int, secrecy: Secrecy) -> list[SecretSpan]:
    """`setPassword("x")`, `.token("x")`, SQL's `PASSWORD('x')`."""
    from mcp_smalltools.privacy.secret_names import snake_case

    if _NOT_A_SETTER.match(snake_case(look[start:end].rpartition(".")[2]) + "_"):
        return []
    blanks = _BLANKS.match(look, end + 1)
    found = _quoted(look, blanks.end() if blanks else end + 1, secrecy, any_word=False)
    return [value for value in found if is_random(look[value.start : value.end])]


def _after_blank(look: str, start: int, at: int, secrecy: Secrecy) -> list[SecretSpan]:
    """`-Password 'x'`, `--token x`, `WITH PASSWORD 'x'`, "the password `x`"."""
    blanks = _BLANKS.match(look, at)
    if not blanks or not blanks[0]:
        return []
    if _QUOTE.match(look, blanks.end()) and (
        look[start:at].lower() != "pass" or look[start - 1 : start] == "-"
    ):
        found = _quoted(look, blanks.end(), secrecy)
        value = look[found[0].start : found[0].end] if found else ""
        return found if value and " " not in value and not value.startswith(("-", "/")) else []
    return []
