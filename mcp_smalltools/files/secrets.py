"""What secrets and personal data look like: one table of rules.

A rule is a pattern, the group that is masked, words of which one must be there for the pattern to be tried
(most text has none, and costs next to nothing), and where the pattern alone is wrong too often, a check.
Formats are those that the issuers publish for secret scanning.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    kind: str
    """What the placeholder says: SECRET, EMAIL, …"""
    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()
    """Texts of which one must be in a line for the pattern to be tried there; none: tried everywhere."""
    group: int = 0
    check: Callable[[str], bool] = lambda value: True
    inside: re.Pattern[str] | None = None
    """A simpler pattern; the rule's own is tried only where this one matches."""
    lines: bool = True
    """Whether a match lies in one line."""


# Tokens with a prefix that names their issuer. Anchored on both sides: words that merely start so stay.
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
_NAMES: Final = ("pass", "pwd", "secret", "token", "key", "credential")
_NOT_A_VALUE = re.compile(
    r"(?i)[<\[{(%*]|\$|(?:none|null|nil|true|false|undefined|string|str|int|bytes|bool|optional|required|yes|no|"
    r"changeme|example|placeholder|redacted|hidden|xxx+|\.\.\.+|\*+|todo|unset|empty|default|missing|invalid|"
    r"your[_-].*|my[_-].*|test|dummy|foo|bar|n/a|env|secret|password|token)$"
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_]*(?:\.[A-Za-z_]+)*$|[A-Z][A-Za-z]+$")


def entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def _is_assigned(value: str) -> bool:
    """A value in quotes, or of an environment file: anything but a word of the language or a template."""
    return len(value) >= 4 and not _NOT_A_VALUE.match(value) and len(set(value)) > 2


def _is_random(value: str) -> bool:
    """A value without quotes, which may be code: it must look random."""
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    symbols = any(c in "!@#$%^&*+/=~?" for c in value) and any(c.isalpha() for c in value)
    return (
        _is_assigned(value)
        and (mixed or symbols)
        and not _IDENTIFIER.match(value)
        and entropy(value) >= (2.0 if len(value) < 12 else 2.75)
    )


def _luhn(value: str) -> bool:
    """ISO/IEC 7812-1's checksum, on the lengths and first digits that cards have."""
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


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "PRIVATE_KEY",
        _compiled(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|(?:\\n|[\sA-Za-z0-9+/=:,.\-])*)"
        ),
        ("private key",),
        lines=False,
    ),
    Rule(
        "SECRET",
        _compiled(r"(?<![A-Za-z0-9_])(?:" + "|".join(_TOKENS) + r")(?![A-Za-z0-9])"),
        inside=_compiled(r"[A-Za-z0-9][A-Za-z0-9_.:~/+=-]{16,}"),
    ),
    Rule(
        "SECRET",
        _compiled(
            r"https://(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks)/\S+"
        ),
        ("hooks.slack.com", "/api/webhooks"),
    ),
    Rule(
        "SECRET",
        _compiled(
            r"(?i)\bauthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token|digest|apikey)\s+([^\s\"',]{4,})"
        ),
        ("authorization",),
        1,
    ),
    Rule(
        "SECRET",
        _compiled(r"(?i)\bbearer\s+([A-Za-z0-9._~+/-]{16,}=*)"),
        ("bearer",),
        1,
        _is_random,
    ),
    Rule(
        "SECRET",
        _compiled(r"(?i)\b(?:set-)?cookie[\"']?:\s*[\"']?([\w.-]+=[^\s\"']{6,}(?:;\s*[\w.-]+=[^\s\"';]+)*)"),
        ("cookie",),
        1,
    ),
    Rule(
        "SECRET",
        _compiled(r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@\"']*:([^\s@/\"']+)@"),
        ("://",),
        1,
        lambda value: not value.startswith(("$", "{", "<", "%")),
    ),
    Rule(
        "SECRET",
        _compiled(
            r"(?i)[?&;](?:[a-z_-]*token|api[_-]?key|key|sig|signature|x-amz-signature|x-amz-credential|secret|"
            r"client_secret|password|pwd|code|auth)=([^&\s\"'#<>]{6,})"
        ),
        ("?", "&", ";"),
        1,
        _is_assigned,
    ),
    Rule(
        "SECRET",  # a password in quotes: code, JSON, TOML, YAML
        _compiled(
            r"(?i)(?<![A-Za-z])[A-Za-z0-9_.-]*" + _PASSWORD_NAME + _SUFFIX + r"[\"']?\]?\s*(?::=|=>|[:=])\s*"
            r"(?:[rbuf]{1,2})?(?P<quote>[\"'`])([^\"'`\s]{4,})(?P=quote)"
        ),
        ("pass", "pwd", "secret"),
        2,
        _is_assigned,
    ),
    Rule(
        "SECRET",  # a key or token in quotes
        _compiled(
            r"(?i)(?<![A-Za-z])[A-Za-z0-9_.-]*" + _SECRET_NAME + _SUFFIX + r"[\"']?\]?\s*(?::=|=>|[:=])\s*"
            r"(?:[rbuf]{1,2})?(?P<quote>[\"'`])([^\"'`\s]{4,})(?P=quote)"
        ),
        _NAMES,
        2,
        lambda value: _is_random(value) or (len(value) >= 20 and _is_assigned(value) and " " not in value),
    ),
    Rule(
        "SECRET",  # environment files, shells: no space at the sign
        _compiled(
            r"(?i)(?:^|(?<=[\s;\"'-]))[A-Za-z0-9_.-]*"
            + _SECRET_NAME
            + _SUFFIX
            + r"=([^\s\"'`;&,(){}\[\]]{4,})"
        ),
        _NAMES,
        1,
        lambda value: (_is_assigned(value) and not _IDENTIFIER.match(value)) or _is_random(value),
    ),
    Rule(
        "SECRET",  # YAML, properties, logs
        _compiled(
            r"(?i)(?<![A-Za-z])[A-Za-z0-9_.-]*" + _SECRET_NAME + _SUFFIX + r"[\"']?\s*(?:[:=]|\bis\b)\s+"
            r"([^\s\"'`,;(){}\[\]]{6,})(?=[\s,;]|$)"
        ),
        _NAMES,
        1,
        _is_random,
    ),
    Rule(
        "SECRET",  # command lines
        _compiled(
            r"(?i)(?:--?(?:password|passwd|pass|token|secret|api-key)[ =]|\bcurl\b[^\n]*\s-u\s+\S+?:)(\S{4,})"
        ),
        ("--pass", "-pass", "--token", "--secret", "--api-key", "curl"),
        1,
        _is_random,
    ),
    Rule(
        "EMAIL",
        _compiled(r"(?<![\w.+/-])[A-Za-z0-9][A-Za-z0-9._%+-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}(?![\w-])"),
        ("@",),
        0,
        _email,
    ),
    Rule("IBAN", _compiled(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), (), 0, _iban),
    Rule("CARD", _compiled(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)"), (), 0, _luhn),
    Rule("SSN", _compiled(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), ("-",), 0, _ssn),
    Rule("NATIONAL_ID", _compiled(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b")),
    Rule(
        "PHONE",
        _compiled(
            r"(?<![\w.+/-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}|"
            r"\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w-]|\.\d)"
        ),
        ("+", "(", "-"),
        0,
        lambda value: 9 <= sum(c.isdigit() for c in value) <= 15,
    ),
)
