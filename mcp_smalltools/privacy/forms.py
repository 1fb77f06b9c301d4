"""Secrets and personal data that are known by their form or by the words beside them.

Each form is a pattern in RE2's syntax whose group is what is masked and, where the pattern alone is wrong too
often, a check of the value and of the text before it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mcp_smalltools.privacy.issuers import azure_keys, prefixed_tokens, shaped_tokens
from mcp_smalltools.privacy.secret_values import entropy, is_assigned, is_code, is_long_random, is_random

Check = Callable[[str, str], bool]
"""Of the value and the text before it, up to `LOOK_BACK` characters."""
LOOK_BACK: Final = 400
_STARTS: Final = r"(?:^|[^A-Za-z0-9_\x01])"
_ENDS: Final = r"(?:[^A-Za-z0-9]|$)"


@dataclass(frozen=True, slots=True)
class Form:
    """What a kind of value looks like."""

    kind: str
    """What the placeholder says: SECRET, EMAIL, …"""
    pattern: str
    """With one group: the value."""
    check: Check = lambda value, before: True
    named: bool = False
    """Whether the words beside the value tell that it is a secret: then it is masked elsewhere, too."""


def _value(check: Callable[[str], bool]) -> Check:
    return lambda value, before: check(value)


def _after(*words: str, check: Callable[[str], bool] = is_random) -> Check:
    """The value is masked where one of the words stands before it."""
    return lambda value, before: check(value) and any(word in before.lower() for word in words)


def _is_issued(token: str) -> bool:
    """Not a name of lower-case words that only starts like a token."""
    if not any(c.isdigit() for c in token) and token.islower():
        return False
    parts = re.split(r"[-_.]", token)
    wordy = sum((part.isalpha() and part.islower()) or not part for part in parts)
    return len(parts) < 4 or wordy < len(parts) - 1 or entropy(token) > 4.2


_LONG_CARD: Final = re.compile(r"62|5[06-8]|6[37]")
"""First digits of the cards that may have more than 16: UnionPay's and Maestro's."""


def _luhn(value: str) -> bool:
    """The checksum of ISO/IEC 7812-1, for the lengths and first digits of cards."""
    digits = [int(c) for c in value if c.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (3, 4, 5, 6) or len(set(digits)) < 2:
        return False
    if len(digits) > 16 and not _LONG_CARD.match("".join(map(str, digits))):
        return False  # a tenth of all ids of 19 digits have the checksum
    doubled = [sum(divmod(2 * d, 10)) for d in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


_GROUPS_OF_CARDS: Final = frozenset(((4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1)))


def _card(value: str) -> bool:
    """In one piece, or in the groups that are printed on cards: columns of numbers are none."""
    groups = tuple(map(len, re.split("[ -]", value)))
    return _luhn(value) and (len(groups) == 1 or groups in _GROUPS_OF_CARDS)


def _dotted_card(value: str) -> bool:
    return _luhn(value) and len(set(value.split("."))) > 1


def _iban(value: str) -> bool:
    """ISO 13616's checksum."""
    plain = value.replace(" ", "").upper()
    if not 15 <= len(plain) <= 34:
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def _ssn(value: str) -> bool:
    area, group, serial = value.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


_ADDRESS_USER: Final = re.compile(r"://[^\s/\"'<>]{0,300}[:@]$")


def _email(value: str, before: str) -> bool:
    if before.endswith((":", "@")) and _ADDRESS_USER.search(before):
        return False  # the end of a password, and a host
    local, _, host = value.partition("@")
    return local not in ("git", "hg") and not host.endswith((".png", ".jpg", ".svg", ".js", ".css", ".py"))


def _is_pair(value: str) -> bool:
    """`user:password` in base64."""
    try:
        return b":" in base64.b64decode(value, validate=True)
    except ValueError:
        return False


def _is_jira_token(value: str) -> bool:
    try:
        return re.match(rb"\d{10,13}:", base64.b64decode(value, validate=True)) is not None
    except ValueError:
        return False


def _is_key_line(value: str) -> bool:
    mixed = all(any(is_one(c) for c in value) for is_one in (str.islower, str.isupper, str.isdigit))
    return mixed and entropy(value) > 4.6


def _is_loose_key(value: str, before: str) -> bool:
    hexadecimal = all(c in "0123456789abcdefABCDEF" for c in value)
    told = before[-60:].lower()
    if hexadecimal and any(
        word in told
        for word in (
            "commit",
            "sha",
            "hash",
            "digest",
            "checksum",
            "etag",
            "md5",
            "gpg",
            "signature",
            "fingerprint",
            *("skipping", "discovered", "public", "keyring", "x.509", "rsa", "dsa", "ed25519"),
        )
    ):
        return False
    return len(value) >= 24 and is_long_random(value)


_NETRC: Final = re.compile(r"(?:^|\n)[ \t]*machine\s+\S{1,200}\s+login\s+\S{1,80}\s+password\s+\"?$")
_PGPASS_SERVER: Final = re.compile(r"(?:^|\n)(?:localhost|\*|\d+(?:\.\d+){3}):(?:5432|\*):[^:\n]*:[^:\n]*:$")


def _is_pgpass(value: str, before: str) -> bool:
    """Any word, where a line starts with PostgreSQL's host and port: such lines are of its file."""
    return is_random(value) or (value.isprintable() and _PGPASS_SERVER.search(before) is not None)


def _url_password(value: str, before: str) -> bool:
    return is_assigned(value) or (len(value) < 4 and value.isalnum() and value != "pw")


_QUERY_NAMES: Final = (
    r"[a-zA-Z_-]*(?i:token)|(?i:api[_-]?key|key|sig|signature|x-amz-signature|x-amz-credential|secret|client_secret|"
    r"password|passwd|pwd|code|auth|access_key|subscription-key|apikey)"
)

TOKENS: Final = (
    Form("SECRET", rf"{_STARTS}({'|'.join(prefixed_tokens() + shaped_tokens())}){_ENDS}", _value(_is_issued)),
)
SHAPES: Final = (
    Form("SECRET", rf"(?:^|[^A-Za-z0-9+/])({azure_keys()})(?:[^A-Za-z0-9+/=]|$)", _value(_is_key_line)),
    # Lines out of the middle of a key: in a text that has some lines only, the first one may be missing.
    Form(
        "PRIVATE_KEY",
        r"(?:^|[\s\"'>|])([A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}|[A-Za-z0-9+/]{12})?)(?:\\n|[\s\"']|$)",
        _value(_is_key_line),
    ),
    Form(
        "SECRET", r"(?:^|[^A-Za-z0-9+/])([MNO][A-Za-z0-9+/]{43})(?:[^A-Za-z0-9+/=]|$)", _value(_is_jira_token)
    ),
    # Okta.
    Form(
        "SECRET",
        rf"{_STARTS}(00[A-Za-z0-9_-]{{40}})(?:[^A-Za-z0-9_-]|$)",
        _value(lambda value: _is_key_line(value + "aA") and not value.isdigit()),
    ),
)
HASHES: Final = (
    # Hashes of passwords, which can be guessed at.
    Form(
        "SECRET",
        r"(\$(?:2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|(?:[1567y]|apr1|md5|sha1|gy)\$[./A-Za-z0-9=,]{1,60}(?:\$[./A-Za-z0-9=,]{1,40})?\$"
        r"[./A-Za-z0-9]{20,}|apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|(?:argon2id?|argon2i|scrypt|pbkdf2[a-z0-9-]*)"
        r"\$[^\s:\"']{30,}))",
    ),
    Form(
        "SECRET", r"((?:pbkdf2_sha(?:1|256)|bcrypt_sha256|argon2|md5|sha1)\$[^\s:\"'$]{1,60}\$[^\s\"']{20,})"
    ),
    Form("SECRET", r"(\{(?:S?SHA(?:256|512)?|S?MD5|CRYPT)\}[A-Za-z0-9+/=$./]{16,})"),
    # SAM: user, number, LM and NT hash.
    Form("SECRET", r":\d{3,6}:([a-fA-F0-9]{32}:[a-fA-F0-9]{32}):"),
    Form(
        "SECRET",
        r"(?:^|[^0-9a-fA-F])((?:aad3b435b51404eeaad3b435b51404ee|[a-f0-9]{32}):[a-f0-9]{32})(?:[^0-9a-fA-F]|$)",
    ),
    Form("PRIVATE_KEY", r"(LS0tLS1CRUdJTi[A-Za-z0-9+/=]{20,})"),  # "-----BEGIN" in base64
    # .pgpass
    Form(
        "SECRET",
        r"(?:^|\s)[\w.*-]+:(?:\d{4,5}|\*):[\w*-]+:[\w*-]+:([^\s:]{4,})(?:\s|$)",
        _is_pgpass,
        named=True,
    ),
    # htpasswd's short hash, after a user.
    Form(
        "SECRET",
        r"(?:^|\n)[\w.@-]+:([./A-Za-z0-9]{13})(?:\n|$)",
        _value(lambda v: is_random(v) and v[0] != "/"),
    ),
)
ADDRESSES: Final = (
    Form(
        "SECRET",
        r"(https://(?:hooks\.slack\.com/(?:services|workflows|triggers)|(?:ptb\.|canary\.)?discord(?:app)?\.com/api/"
        r"(?:v\d+/)?webhooks|[a-z0-9-]{1,60}\.webhook\.office\.com/webhookb2|hooks\.zapier\.com/hooks/catch|"
        r"chat\.googleapis\.com/v1/spaces|[a-z0-9]{32}@o?\d*\.?[a-z.]{0,20}sentry\.io)/[^\s\"'<>]+)",
    ),
    Form("SECRET", r"://([a-f0-9]{32})@[\w.-]{0,60}sentry"),
    # A user may be an e-mail address, and a password may have an `@` in it.
    Form(
        "SECRET",
        r"://[^\s:/\"'<>?&,;()]*:([^\s@/\"'<>]+(?:@[^\s@/\"'<>?&=,;()|]+)*)@[^\s@/\"'<>]",
        _url_password,
        named=True,
    ),
    Form(
        "SECRET",
        rf"[?&;](?:{_QUERY_NAMES})=([^&\s\"'#<>]{{6,}})",
        _value(lambda v: is_assigned(v) and not is_code(v)),
        named=True,
    ),
)
MAIL: Final = (
    Form(
        "EMAIL",
        r"(?:^|[^\w.+/%\x01-])([A-Za-z0-9\x01][A-Za-z0-9\x01._%+-]*@(?:[A-Za-z0-9\x01-]+\.)+[A-Za-z\x01]{2,24})(?:[^\w\x01-]|$)",
        _email,
    ),
    Form(
        "EMAIL",
        r"(?:^|[^\w.+/%\x01-])([A-Za-z0-9\x01][A-Za-z0-9\x01._%+-]*"
        r"(?: ?\[at\] ?| ?\(at\) ?| ?\{at\} ?)[A-Za-z0-9\x01-]+"
        r"(?:(?:\.| ?\[dot\] ?| ?\(dot\) ?)[A-Za-z0-9\x01-]+)+)(?:[^\w\x01-]|$)",
    ),
)
HEADERS: Final = (
    Form(
        "SECRET",
        r"(?i)\bauthorization[\\\"']*\s*[:=,]\s*[\\\"']*(?:bearer|basic|token|digest|apikey|sso-key|key|splunk|"
        r"genie_?key|aws4-hmac-sha256)\s+([^\s\\\"',$<{][^\s\\\"',]{3,})",
        _value(is_assigned),
        named=True,
    ),
    Form("SECRET", r"(?i)\bbearer\s+([A-Za-z0-9._~+/-]{16,}=*)", _value(is_random), named=True),
    Form(
        "SECRET",
        r"(?i)\b(?:set-)?cookie[\\\"']*:\s*[\\\"']*([\w.-]+=[^\s\\\"']{6,}(?:;\s*[\w.-]+=[^\s\\\"';]+)*)",
        _value(lambda value: any(c.isdigit() for c in value) or len(value) >= 24),
    ),
    # A pair of user and password, as libraries for HTTP take it; and as base64, as Docker keeps it.
    Form(
        "SECRET",
        r"(?i)(?:\bauth\s*=\s*|basicauth\s*|HTTPBasicAuth\s*|Credentials?\s*|\.log_?in\s*)\(\s*[\"'][^\"'\n]*[\"'],\s*[\"']([^\"'\n]{4,})[\"']\s*[,)]",
        _value(is_assigned),
        named=True,
    ),
    Form("SECRET", r"[\"']auth[\"']\s*:\s*[\"']([A-Za-z0-9+/]{8,}={0,2})[\"']", _value(_is_pair), named=True),
)
COMMANDS: Final = (
    # .netrc, and what people write: "password for ann: …".
    Form(
        "SECRET",
        r"(?i)\blogin\s+\S{1,80}\s+password\s+[\"']?([^\s\"']{4,})",
        lambda value, before: (
            is_random(value)
            or ("machine" in before and is_assigned(value))
            or (_NETRC.search(before) is not None and value[0] not in "<$")
        ),
        named=True,
    ),
    Form(
        "SECRET",
        r"(?i)\b(?:pass(?:word|phrase)|secret|token|pin) (?:for|of|to) [^\n:=]{1,60}(?:[:=]|\bis)\s+[\"'`]?"
        r"([^\s\"'`]{4,})",
        _value(is_random),
        named=True,
    ),
    Form(
        "SECRET",
        r"(?i)--?[a-z-]{0,30}(?:password|passwd|pass|token|secret|api-?key|pwd|passphrase|access-?key)"
        r"(?:[ \t]+|=)[\"']?"
        r"([^\s\"']{4,})",
        _value(lambda v: (is_random(v) and not is_code(v)) or (v.isdigit() and len(v) >= 4)),
        named=True,
    ),
    Form(
        "SECRET",
        r"[ \t](?:-u|-U|--user|--proxy-user|--basic)(?:[ \t]+|=)?[\"']?[^\s:\"'%/]{0,80}[:%]([^\s\"']{4,})",
        _after(
            "curl",
            "http",
            "wget",
            "smbclient",
            "rpcclient",
            "net ",
            check=lambda v: is_assigned(v) and not v.isdigit(),
        ),
        named=True,
    ),
    Form(
        "SECRET",
        r"[ \t]-p[ \t]*[\"']?([^\s\"'-][^\s\"']{3,})",
        _after(
            "mysql",
            "mariadb",
            "sshpass",
            "mongo ",
            "mongosh",
            "mongodump",
            "mongorestore",
            "docker login",
            "podman login",
            "az login",
            "7z",
            "zip ",
            "expect",
        ),
        named=True,
    ),
    Form("SECRET", r"[ \t]-a[ \t]+[\"']?([^\s\"'-][^\s\"']{3,})", _after("redis-cli"), named=True),
    Form("SECRET", r"[ \t]-w[ \t]+[\"']?([^\s\"'-][^\s\"']{3,})", _after("ldap"), named=True),
    Form(
        "SECRET",
        r"htpasswd[ \t]+-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+[\"']?([^\s\"']{4,})",
        _value(is_assigned),
        named=True,
    ),
    Form(
        "SECRET",
        r"[ \t\"']pass:([^\s\"']{4,})",
        _after("openssl", "-pass", "passin", "passout", check=is_assigned),
        named=True,
    ),
    Form(
        "SECRET",
        r"(?i)\bidentified\s+(?:with\s+\S{1,40}\s+)?(?:by|as)\s+(?:password\s+)?[\"'`]([^\"'`\n]{3,200})[\"'`]",
        _value(is_assigned),
        named=True,
    ),
    Form(
        "SECRET",
        r"(?i)ConvertTo-SecureString\s[^\n\"']{0,80}[\"']([^\"'\n]{4,})[\"']",
        _value(is_assigned),
        named=True,
    ),
    # A long key in running text, behind what says that it is one.
    Form(
        "SECRET",
        r"(?i)(?:key|token|secret|password|passwd|credentials?|auth|bearer)s?[\s:=\"'`]{1,3}(?:[a-z]{1,16}[\s:=\"'`]{1,3}){0,2}"
        r"([A-Za-z0-9+/_=-]{24,})",
        _is_loose_key,
        named=True,
    ),
)
NUMBERS: Final = (
    Form(
        "IBAN",
        r"(?:^|[^\w])([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)(?:[^\w]|$)",
        _value(_iban),
    ),
    Form("CARD", r"(?:^|[^\w.-])(\d(?:[ -]?\d){12,18})(?:[^\w.-]|\.\W|\.?$)", _value(_card)),
    Form("CARD", r"(?:^|[^\w.-])(\d{4}\.\d{4}\.\d{4}\.\d{4})(?:[^\w.-]|\.\W|\.?$)", _value(_dotted_card)),
    Form("SSN", r"(?:^|[^\w-])(\d{3}-\d{2}-\d{4})(?:[^\w-]|$)", _value(_ssn)),
    Form(
        "NATIONAL_ID",
        r"(?:^|[^\w])([A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D])(?:[^\w]|$)",
    ),
    Form(
        "PHONE",
        r"(?:^|[^\w.+/-])(\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}|"
        r"\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?:[^\w.-]|\.[^\d]|\.?$)",
        _value(lambda value: 9 <= sum(c.isdigit() for c in value) <= 15),
    ),
)

GROUPS: Final[tuple[tuple[Form, ...], ...]] = (
    TOKENS,
    SHAPES,
    HASHES,
    ADDRESSES,
    MAIL,
    HEADERS,
    COMMANDS,
    NUMBERS,
)
"""Forms that are looked for together: those of one group don't overlap."""
