"""What may be the value of a secret: not a placeholder, a keyword, a type, a piece of code or a sentence."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

from mcp_smalltools.privacy.secret_names import FOREIGN_WORDS, Secrecy, secrecy_of

_PLACEHOLDER: Final = re.compile(
    r"(?i)[<\[{(%*]|\$(?:[{(]|[a-z_]+$|\d{1,2}$)|@[{(]|#\{|--|(?:none|null|nil|true|false|undefined|string|str|"
    r"int|integer|bytes|bool|boolean|number|text|varchar|object|array|any|char|void|optional|required|yes|no|"
    r"on|off|"
    r"change[_-]?me.*|change[_-]?this.*|replace[_-]?(?:me|this|with).*|insert[_-].*|enter[_-].*|fill[_-]?me.*|"
    r"example|placeholder|redacted|hidden|masked|x{3,}|\.{2,}|…|-+|_+|todo|tbd|unset|unknown|empty|default|"
    r"missing|invalid|inherit|valid|incorrect|correct|wrong|expired|accepted|rejected|failed|changed|updated|"
    r"given|provided|protected|encrypted|sensitive|plain|plaintext|basic|bearer|login|blank|set|ok|"
    r"(?:your|my|the|some|a)[ _-].*|.*[ _-]here|test|dummy|fake|foo|bar|baz|n/a|env|secret|password|passwd|"
    r"token|pass|key|value|user|username|name|self|this|file|input|prompt|config|settings|stdin|keyring|vault|"
    r"let|const|var|type|return|async|await|readonly)$"
)
_STAND_IN: Final = re.compile(r"(?i)^(?:\$\{|\{\{|\{%|%[({]|<%|<[a-z]|\$\(|%[a-z_]+%$|#\{)")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z_]*(?:[.:-]+[A-Za-z_]+)*$")
_CODE: Final = re.compile(
    r"[A-Za-z_$][\w$]*(?:(?:\.|->|::|\?\.)[A-Za-z_$][\w$]*)*[(\[{]|&?[A-Za-z_$][\w$]*(?:(?:\.|->|::)[A-Za-z_$]"
    r"[\w$]*)+$|[&*!][A-Za-z_]+$|\$[A-Za-z_]|[\[{(]|[A-Za-z_]+=|lambda\b"
)
_NUMERAL: Final = re.compile(r"0[xX][0-9a-fA-F]{1,8}[lLuU]*$|\d+(?:\.\d+)?(?:[a-zA-Z]{1,2}|%)$|\d+[*/+-]\w+$")
_WORDS: Final = re.compile(r"[A-Za-z]+")
_PROSE: Final = frozenset(
    (  # noqa: SIM905 - a list of so many would be a page
        "a an and any are as at be been by can cannot could do does enter field for from has have if in "
        "incorrect invalid is it least length like may minimum must no not of on one only or our please "
        "required reset see set should strong than that the there this to too type use used using was we "
        "weak when will with without you your der die das und nicht bitte ihr ihre le la les votre est "
        "et el los su es por para il per un una "
    ).split()
)
_CAMELS: Final = re.compile(r"[A-Z][a-z]{3,}[A-Z][a-z]{2,}")
_TYPE: Final = re.compile(
    r"[\w.]{0,80}(?:Key|Keys|Token|Types?|Mgr|Manager|Provider|Source|Store|Config|Options|Error|Exception|Class|"
    r"Secret|Password|Credentials?|Str|String|Field|Factory)$"
)
_WORD_FOR_PASSWORD: Final = re.compile(
    rf"(?i)(?:your |new |old )?(?:pass[_ -]?word|passwd|pass|pwd|secret|pass[_ -]?phrase|{FOREIGN_WORDS})s?$"
)
_NOT_SECRET: Final = re.compile(
    r"[a-z][a-z_]{2,40}/\d$|(?:amd64|arm64|armhf|armel|i[3-6]86|x86_64|aarch64|ppc64(?:el|le)|s390x)\b[.,:)]*$"
)
"""A function and the number of its arguments, as Erlang writes it; the architecture of a package."""
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$")
_NAMED_DIGEST: Final = re.compile(
    r"[A-Za-z]{3,}(?:-[\w.]+)*-(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$", re.ASCII
)
"""A key of a cache: `Linux-pip-` and a hash."""
_LONG: Final = re.compile(r"[A-Za-z0-9+/_=.~-]{16,}$")
_FILE: Final = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[\\/][\w.@-]+(?:[\\/][\w.@-]*)+$")
_PATH: Final = re.compile(r"(?:[./~]|[A-Za-z]:[\\/]|[a-z]+://)")


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def is_assigned(value: str) -> bool:
    """For a value in quotes or of an environment file: not a keyword, a placeholder or a template."""
    return (
        len(value) >= 4
        and len(set(value)) > 2
        and not (_PLACEHOLDER.match(value) and _is_stand_in(value))
        and not _STAND_IN.match(value)
        and not _FILE.match(value)
        and value[0] not in "\x1b`"  # colours of a terminal; a command whose output is meant
    )


def _is_stand_in(value: str) -> bool:
    """A sign at the start alone says nothing: `*k8Zq!` may be a password, `*****` and `{name}` are none."""
    if value[0] not in "<[{(%*" or _PLACEHOLDER.match(value[1:] or " "):
        return True
    closed = {"<": ">", "[": "]", "{": "}", "(": ")", "%": "%", "*": "*"}[value[0]]
    return closed in value[1:] or value[1:].isalpha() or not _is_mixed(value)


def _is_mixed(value: str) -> bool:
    letters = any(c.isalpha() for c in value)
    return letters and any(c.isdigit() or c in "!@#$%^&*+/=~?" for c in value)


def is_random(value: str) -> bool:
    """For a value without quotes, which may be code: it must look random."""
    return (
        is_assigned(value)
        and _is_mixed(value)
        and not _IDENTIFIER.match(value)
        and not _NUMERAL.match(value)
        and not _NOT_SECRET.match(value)
        and entropy(value) >= (2.0 if len(value) < 12 else 2.75)
    )


def is_long_random(value: str) -> bool:
    """A long key in the middle of a text: digits and letters, evenly spread, and no path, UUID or name."""
    if any(form.match(value) for form in (_UUID, _PATH, _NAMED_DIGEST)) or not _LONG.match(value):
        return False
    digits = sum(c.isdigit() for c in value)
    letters = sum(c.isalpha() for c in value)
    parts = re.split(r"[_.=/-]", value)
    return (
        digits >= 2
        and letters >= 2
        and max(map(len, parts)) >= 12
        and entropy(value) >= (3.0 if len(value) < 24 else 3.2)
        and not value.isupper() | bool(re.match(r"[\d.:TZ+-]+$", value))
    ) or (value.isupper() and digits >= 3 and len(value) >= 20 and entropy(value) >= 3.5)


def is_prose(value: str) -> bool:
    """A sentence, such as a hint in a form."""
    words = [word.lower() for word in _WORDS.findall(value)]
    if len(words) < 2 or sum(map(len, words)) + value.count(" ") < 0.8 * len(value):
        return False
    if value.endswith((".", "!", "?", ":", "…")) and not any(c.isdigit() for c in value):
        return True
    return any(word in _PROSE for word in words)


def is_code(value: str) -> bool:
    """What stands without quotes and reads something: a call, an attribute, an index."""
    return _CODE.match(value) is not None


def is_quoted_secret(value: str, secrecy: Secrecy) -> bool:
    """Whether a value in quotes, or in an element, is the secret that its name promises."""
    value = value.strip()
    match secrecy:
        case Secrecy.PASSWORD:
            if not is_assigned(value) or (_WORD_FOR_PASSWORD.match(value)):
                return False
            return " " not in value or (_is_mixed(value) and not is_prose(value))
        case Secrecy.TOKEN:
            if _TYPE.match(value):
                return False
            if " " in value:
                return len(value) >= 32 and _is_mixed(value) and not is_prose(value) and entropy(value) > 4
            long = len(value) >= 20 and is_assigned(value) and not _IDENTIFIER.match(value)
            return (
                is_random(value) or long or _is_run_of_letters(value) or (value.isdigit() and len(value) >= 8)
            )
        case Secrecy.RANDOM:
            return len(value) >= 20 and is_long_random(value)
        case Secrecy.PIN:
            return value.isdigit() and 3 <= len(value) <= 9
    return False


def _is_name(value: str) -> bool:
    """Whether a text is a name of a secret and nothing else: `Passwort`, not `Passwort7!`."""
    return all(c.isalpha() or c in "_- ." for c in value) or value[:-1].isalpha()


def _is_run_of_letters(value: str) -> bool:
    return len(value) >= 20 and is_mixed_case(value)


def is_bare_secret(value: str, secrecy: Secrecy, *, tight: bool) -> bool:
    """Whether a value without quotes is one; `tight` where no blank stands before it, as in shells."""
    if (
        _TYPE.match(value)
        or _NOT_SECRET.match(value)
        or (is_code(value) and not (len(value) >= 20 and is_long_random(value) and not _CAMELS.search(value)))
    ):
        return False
    if _is_name(value) and secrecy_of(value) is not Secrecy.NONE:
        return False
    match secrecy:
        case Secrecy.PASSWORD | Secrecy.TOKEN:
            if is_random(value) or is_mixed_case(value):
                return True
            if value.isdigit():
                return len(value) >= (4 if secrecy is Secrecy.PASSWORD else 8)
            return tight and is_assigned(value) and not _IDENTIFIER.match(value)
        case Secrecy.RANDOM:
            return len(value) >= 20 and is_long_random(value)
        case Secrecy.PIN:
            return value.isdigit() and 4 <= len(value) <= 9
    return False


def is_mixed_case(value: str) -> bool:
    """Letters of both cases in no order of words: `QEIjuEsZ`, not `SecretStr`."""
    return (
        len(value) >= 8
        and value.isalpha()
        and value.isascii()
        and not value.islower()
        and not value.isupper()
        and not re.match(r"(?:[A-Z]{0,4}[a-z]{2,})+[A-Z]{0,4}$|[A-Z]{2,}[a-z]+$", value)
        and entropy(value) > 2.5
    )


def is_plain_word(value: str) -> bool:
    """A password of letters alone, where the place says that it is a value: not a type, name or state."""
    return (
        len(value) >= 4
        and value.isalpha()
        and is_assigned(value)
        and secrecy_of(value) is Secrecy.NONE
        and value.lower() not in _PROSE
        and not re.match(r"[A-Z][a-z]+[A-Z]", value)
    )
