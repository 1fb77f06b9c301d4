"""The rules that recognise secrets and personal data.

A rule is a pattern, the group to mask and, where the pattern alone is wrong too often, a check. Formats are
those that issuers publish for secret scanning. Each repetition has a bound or can start at few positions, so
that matching takes time linear in the text.
"""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    kind: str
    """The word in the placeholder: SECRET, EMAIL, …"""
    pattern: re.Pattern[str]
    group: int = 0
    check: Callable[[str], bool] = lambda value: True
    lines: bool = True
    """Whether a match is always within one line."""
    batch: str = "words"
    """Rules of one batch share an RE2 automaton (`prefilter.py`); small batches are fastest."""
    named: bool = False
    """Whether the context shows that the value is a secret; the value is then masked elsewhere, too."""


# Tokens with their issuer's prefix. Anchored on both sides, so that longer words are not masked.
_TOKENS: Final = (
    r"(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ABIA|ACCA)[A-Z0-9]{16}",  # AWS
    r"gh[pousr]_[A-Za-z0-9]{30,255}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{22,255}",
    r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[A-Za-z0-9_-]{20,}",  # GitLab
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"xapp-\d-[A-Za-z0-9-]{20,}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{24,}",
    r"sk-(?:ant-|proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9_-]{20,}",  # Anthropic, OpenAI, OpenRouter
    r"AIza[A-Za-z0-9_-]{35}",  # Google
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"GOCSPX-[A-Za-z0-9_-]{28}",
    r"[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}",  # Azure client secret
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-AgE[A-Za-z0-9_-]{50,}",
    r"rubygems_[a-f0-9]{48}",
    r"cio[A-Za-z0-9]{32}",  # crates.io
    r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
    r"hf_[A-Za-z0-9]{30,}",
    r"(?:SK|AC)[0-9a-f]{32}",  # Twilio
    r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",  # SendGrid
    r"key-[0-9a-f]{32}",  # Mailgun
    r"[0-9a-f]{32}-us\d{1,2}",  # Mailchimp
    r"\d{8,10}:AA[A-Za-z0-9_-]{33}",  # Telegram
    r"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",  # Discord
    r"do[opr]_v1_[a-f0-9]{64}",  # DigitalOcean
    r"HRKU-[A-Za-z0-9_-]{36,}",  # Heroku
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",  # Shopify
    r"sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,43}",  # Square
    r"EAAA[A-Za-z0-9_-]{60}",
    r"dapi[a-f0-9]{32}(?:-\d)?",  # Databricks
    r"hv[sbr]\.[A-Za-z0-9_-]{24,}",  # Vault
    r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}",  # Terraform Cloud
    r"gl(?:c|sa)_[A-Za-z0-9_+/=]{32,}",  # Grafana
    r"NRA[KL]-[A-Z0-9]{27}",  # New Relic
    r"lin_api_[A-Za-z0-9]{40}",  # Linear
    r"(?:secret|ntn)_[A-Za-z0-9]{40,50}",  # Notion
    r"figd_[A-Za-z0-9_-]{36,}",
    r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}",  # Postman
    r"ATATT3[A-Za-z0-9_=-]{80,}",  # Atlassian
    r"dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9_.-]{40,}",  # Doppler
    r"sbp_[a-f0-9]{40}",  # Supabase
    r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{32,}",  # PlanetScale
    r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}",  # Airtable
    r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    r"ops_eyJ[A-Za-z0-9_=-]{100,}",  # 1Password
    r"tskey-[a-z]+-[A-Za-z0-9]+-[A-Za-z0-9]{16,}",  # Tailscale
    r"xai-[A-Za-z0-9]{60,}",
    r"r8_[A-Za-z0-9]{37}",  # Replicate
    r"gsk_[A-Za-z0-9]{48,}",  # Groq
    r"mcpst_(?:[0-9a-f]{8}_)?[A-Za-z0-9_-]{43}",  # this program's own
    r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",  # JSON web token
)

_PASSWORD_NAME: Final = r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|client[_-]?secret)"
_SECRET_NAME: Final = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|(?:api|access|auth|private|encryption|signing|"
    r"account|shared[_-]?access|license|master|service|secret|deploy|session|storage|admin)[_-]?key|apikey)"
)
_SUFFIX: Final = (
    r"(?:[_-]?(?:value|key|str|string|text|b64|base64|prod|production|dev|staging|live|\d{1,3}))?"
)
"""What may follow a secret's name: `token_value` names a secret, `token_type` doesn't."""
_NOT_A_VALUE = re.compile(
    r"(?i)[<\[{(%*]|\$|(?:none|null|nil|true|false|undefined|string|str|int|bytes|bool|optional|required|yes|no|"
    r"changeme|example|placeholder|redacted|hidden|xxx+|\.\.\.+|\*+|todo|unset|empty|default|missing|invalid|"
    r"your[_-].*|my[_-].*|test|dummy|foo|bar|n/a|env|secret|password|token)$"
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_]*(?:\.[A-Za-z_]+)*$|[A-Z][A-Za-z]+$")


def entropy(text: str) -> float:
    """Shannon entropy in bits per character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def _is_assigned(value: str) -> bool:
    """For a value in quotes or of an environment file: not a keyword, a placeholder or a template."""
    return len(value) >= 4 and not _NOT_A_VALUE.match(value) and len(set(value)) > 2


def _is_random(value: str) -> bool:
    """For a value without quotes, which may be code: it must look random."""
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    symbols = any(c in "!@#$%^&*+/=~?" for c in value) and any(c.isalpha() for c in value)
    return (
        _is_assigned(value)
        and (mixed or symbols)
        and not _IDENTIFIER.match(value)
        and entropy(value) >= (2.0 if len(value) < 12 else 2.75)
    )


def _luhn(value: str) -> bool:
    """The checksum of ISO/IEC 7812-1, for the lengths and first digits of cards."""
    digits = [int(c) for c in value if c.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (3, 4, 5, 6) or len(set(digits)) < 2:
        return False
    doubled = [sum(divmod(2 * d, 10)) for d in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


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


def _email(value: str) -> bool:
    local, _, host = value.partition("@")
    return local not in ("git", "hg") and not host.endswith((".png", ".jpg", ".svg", ".js", ".css", ".py"))


def _is_pair(value: str) -> bool:
    """`user:password` in base64."""
    try:
        return b":" in base64.b64decode(value, validate=True)
    except ValueError:
        return False


def _mixed_letters(value: str) -> bool:
    return all(any(is_one(c) for c in value) for is_one in (str.islower, str.isupper, str.isdigit))


_ENDS: Final = r"(?![A-Za-z0-9])"
_STARTS: Final = r"(?<![A-Za-z0-9_])"
_AS: Final = (
    r"[\"']?\]?\s{0,8}(?::=|=>|[:=])\s{0,8}(?:[rbuf]{1,2})?(?P<quote>[\"'`])([^\"'`\s]{4,})(?P=quote)"
)
"""An assignment of a value in quotes."""


def _rule(
    kind: str,
    pattern: str,
    group: int = 0,
    check: Callable[[str], bool] = lambda value: True,
    *,
    lines: bool = True,
    batch: str = "words",
    named: bool = False,
) -> Rule:
    return Rule(kind, re.compile(pattern, re.ASCII), group, check, lines, batch, named)


def _token_rules() -> tuple[Rule, ...]:
    """Three rules: searching for three smaller alternations is faster than for one large one."""
    third = len(_TOKENS) // 3 + 1
    parts = [_TOKENS[at : at + third] for at in range(0, len(_TOKENS), third)]
    return tuple(
        _rule("SECRET", f"{_STARTS}(?:{'|'.join(part)}){_ENDS}", batch=f"tokens {number}")
        for number, part in enumerate(parts)
    )


RULES: Final[tuple[Rule, ...]] = (
    _rule(
        "PRIVATE_KEY",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[\s\S]{0,20000}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|"
        r"(?:\\n|[\sA-Za-z0-9+/=:,.\-])*)",
        lines=False,
    ),
    # Lines from the middle of a key, whose first line may be missing in an answer.
    _rule(
        "PRIVATE_KEY",
        r"(?:^|(?<=[\s\"'>|]))[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}|[A-Za-z0-9+/]{12})?(?=\\n|[\s\"']|$)",
        0,
        lambda value: _mixed_letters(value) and entropy(value) > 4.6,
        batch="lines",
    ),
    *_token_rules(),
    _rule(
        "SECRET",
        r"https://(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks)/\S+",
        batch="addresses",
    ),
    _rule(
        "SECRET",
        r"(?i)\bauthorization[\"']?\s{0,8}[:=]\s{0,8}[\"']?(?:bearer|basic|token|digest|apikey)\s{1,8}([^\s\"',]{4,})",
        1,
        named=True,
    ),
    _rule("SECRET", r"(?i)\bbearer\s{1,8}([A-Za-z0-9._~+/-]{16,}=*)", 1, _is_random, named=True),
    _rule(
        "SECRET",
        r"(?i)\b(?:set-)?cookie[\"']?:\s{0,8}[\"']?([\w.-]{1,100}=[^\s\"']{6,}(?:;\s{0,8}[\w.-]{1,100}=[^\s\"';]+)*)",
        1,
    ),
    _rule(
        "SECRET",
        r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:/@\"']{0,200}:([^\s@/\"']{1,500})@",
        1,
        lambda value: not value.startswith(("$", "{", "<", "%")),
        batch="addresses",
        named=True,
    ),
    _rule(
        "SECRET",
        r"(?i)[?&;](?:[a-z_-]{0,40}token|api[_-]?key|key|sig|signature|x-amz-signature|x-amz-credential|secret|"
        r"client_secret|password|pwd|code|auth)=([^&\s\"'#<>]{6,})",
        1,
        _is_assigned,
        batch="addresses",
        named=True,
    ),
    # A password in quotes: code, JSON, TOML, YAML.
    _rule("SECRET", rf"(?i){_PASSWORD_NAME}{_SUFFIX}{_AS}", 2, _is_assigned, batch="names", named=True),
    # A key or token in quotes.
    _rule(
        "SECRET",
        rf"(?i){_SECRET_NAME}{_SUFFIX}{_AS}",
        2,
        lambda value: _is_random(value) or (len(value) >= 20 and _is_assigned(value) and " " not in value),
        batch="names",
        named=True,
    ),
    # Environment files, shells: no space at the sign.
    _rule(
        "SECRET",
        rf"(?i)(?:^|(?<=[\s;:,(\"'-]))[A-Za-z0-9_.-]{{0,80}}{_SECRET_NAME}{_SUFFIX}=([^\s\"'`;&,(){{}}\[\]]{{4,}})",
        1,
        lambda value: (_is_assigned(value) and not _IDENTIFIER.match(value)) or _is_random(value),
        batch="names",
        named=True,
    ),
    # YAML, properties, logs.
    _rule(
        "SECRET",
        rf"(?i){_SECRET_NAME}{_SUFFIX}[\"']?\s{{0,8}}(?:[:=]|\bis\b)\s{{1,8}}([^\s\"'`,;(){{}}\[\]]{{6,}})(?=[\s,;\"'`]|$)",
        1,
        _is_random,
        batch="names",
        named=True,
    ),
    # .netrc, and what people write: "password for ann: …".
    _rule(
        "SECRET",
        r"(?i)(?:\blogin\s{1,8}\S{1,80}\s{1,8}password\s{1,8}|"
        r"\bpass(?:word|phrase) (?:for|of) [^\n:=]{1,60}[:=]\s{1,8})"
        r"([^\s\"']{4,})",
        1,
        _is_random,
        batch="names",
        named=True,
    ),
    # XML: an element, or a pair of attributes.
    _rule(
        "SECRET",
        rf"(?i){_SECRET_NAME}>([^<>\s]{{4,}})</",
        1,
        _is_assigned,
        batch="names",
        named=True,
    ),
    _rule(
        "SECRET",
        rf"(?i){_SECRET_NAME}[\"']\s{{1,8}}value\s{{0,8}}=\s{{0,8}}[\"']([^\"'\s]{{4,}})[\"']",
        1,
        lambda value: _is_random(value) or len(value) >= 20,
        batch="names",
        named=True,
    ),
    # A pair of user and password, as libraries for HTTP take it; and as base64, as Docker keeps it.
    _rule(
        "SECRET",
        r"(?i)\bauth\s{0,8}=\s{0,8}\(\s{0,8}[\"'][^\"'\n]{1,80}[\"'],\s{0,8}[\"']([^\"'\n]{4,})[\"']\s{0,8}\)",
        1,
        _is_assigned,
        batch="names",
        named=True,
    ),
    _rule(
        "SECRET",
        r"\"auth\"\s{0,8}:\s{0,8}\"([A-Za-z0-9+/]{8,}={0,2})\"",
        1,
        _is_pair,
        batch="names",
        named=True,
    ),
    # Password hashes, which can be attacked by guessing.
    _rule(
        "SECRET",
        r"\$(?:2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|[156y]\$[./A-Za-z0-9$=,]{1,60}\$[./A-Za-z0-9]{20,}|"
        r"argon2id?\$[^\s:\"']{40,})",
        batch="lines",
    ),
    _rule("PRIVATE_KEY", r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]{20,}", batch="lines"),  # "-----BEGIN" in base64
    # .pgpass
    _rule(
        "SECRET",
        r"(?:^|(?<=\s))[\w.*-]{1,200}:(?:\d{4,5}|\*):[\w*-]{1,60}:[\w*-]{1,60}:([^\s:]{4,})(?=\s|$)",
        1,
        _is_random,
        batch="lines",
        named=True,
    ),
    # Command lines.
    _rule(
        "SECRET",
        r"(?i)(?:--?(?:password|passwd|pass|token|secret|api-key)[ =]|"
        r"\bcurl\b[^\n]{0,200}?\s-u\s{1,8}[^\s:]{1,80}:|\bmysql\w{0,8}\b[^\n]{0,200}?\s-p|"
        r"\bsshpass\s{1,8}-p\s{0,8}[\"']?)([^\s\"']{4,})",
        1,
        _is_random,
        batch="names",
        named=True,
    ),
    _rule(
        "EMAIL",
        r"(?<![\w.+/-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])",
        0,
        _email,
        batch="addresses",
    ),
    _rule("IBAN", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", 0, _iban, batch="numbers"),
    _rule("CARD", r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)", 0, _luhn, batch="numbers"),
    _rule("SSN", r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])", 0, _ssn, batch="numbers"),
    _rule(
        "NATIONAL_ID",
        r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b",
        batch="numbers",
    ),
    _rule(
        "PHONE",
        r"(?<![\w.+/-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}|"
        r"\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w-]|\.\d)",
        0,
        lambda value: 9 <= sum(c.isdigit() for c in value) <= 15,
        batch="numbers",
    ),
)
