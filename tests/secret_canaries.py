"""Made secrets of 40 kinds, each in a file of the form in which it is usually found.

The forms are written after the issuers' documentation; nothing here was ever in use.
"""

from __future__ import annotations

import base64
import random
import string
from dataclasses import dataclass
from typing import Final

_ALNUM: Final = string.ascii_letters + string.digits
_HEX: Final = "0123456789abcdef"
_UPPER: Final = string.ascii_uppercase + string.digits
_DIGITS: Final = string.digits[1:]


@dataclass(frozen=True, slots=True)
class SecretCanary:
    """A file with one secret. `parts` are strings of which none may be seen."""

    kind: str
    file: str
    text: str
    parts: tuple[str, ...]


class _Made:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def of(self, letters: str, length: int) -> str:
        """Letters and digits both, as generators of secrets give them."""
        body = "".join(self._random.choices(letters, k=length - 2))
        digits = [char for char in letters if char.isdigit()] or ["7"]
        others = [char for char in letters if not char.isdigit()] or ["5"]
        return body + self._random.choice(others) + self._random.choice(digits)

    def password(self) -> str:
        return f"{self.of(string.ascii_lowercase, 6)}{self.of(_ALNUM, 8)}!{self._random.randint(2, 9)}"

    def key_lines(self, number: int) -> tuple[str, ...]:
        data = self._random.randbytes(48 * number)
        return tuple(base64.b64encode(data[at : at + 48]).decode() for at in range(0, len(data), 48))

    def card(self) -> str:
        digits = "4" + "".join(self._random.choices(string.digits, k=14))
        doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
        return digits + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)

    def iban(self) -> str:
        account = "".join(self._random.choices(string.digits, k=18))
        return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def canaries(seed: int = 7) -> list[SecretCanary]:
    """One canary of each kind; other values for another seed."""
    make = _Made(seed)
    return [*_tokens(make), *_settings(make), *_keys(make), *_personal(make)]


def _one(kind: str, file: str, text: str, secret: str) -> SecretCanary:
    return SecretCanary(kind, file, text.replace("{}", secret), (secret,))


def _tokens(make: _Made) -> list[SecretCanary]:
    """Tokens that are known by their form, in a log, in code and in a script."""
    made = {
        "aws access key": f"AKIA{make.of(_UPPER, 16)}",
        "github": f"ghp_{make.of(_ALNUM, 36)}",
        "github fine": f"github_pat_{make.of(_ALNUM, 22)}_{make.of(_ALNUM, 59)}",
        "gitlab": f"glpat-{make.of(_ALNUM, 20)}",
        "slack": f"xoxb-{make.of(_DIGITS, 12)}-{make.of(_DIGITS, 12)}-{make.of(_ALNUM, 24)}",
        "stripe": f"sk_live_{make.of(_ALNUM, 24)}",
        "openai": f"sk-proj-{make.of(_ALNUM, 48)}",
        "anthropic": f"sk-ant-api03-{make.of(_ALNUM, 93)}AA",
        "google api": f"AIza{make.of(_ALNUM, 35)}",
        "npm": f"npm_{make.of(_ALNUM, 36)}",
        "pypi": f"pypi-AgEIcHlwaS5vcmc{make.of(_ALNUM, 150)}",
        "sendgrid": f"SG.{make.of(_ALNUM, 22)}.{make.of(_ALNUM, 43)}",
        "digitalocean": f"dop_v1_{make.of(_HEX, 64)}",
        "hugging face": f"hf_{make.of(string.ascii_letters, 34)}",
        "vault": f"hvs.{make.of(_ALNUM, 90)}",
    }
    forms = (
        ("log", "2026-03-01 10:00:01 INFO starting\n2026-03-01 10:00:02 DEBUG using {} now\n"),
        ("py", 'import api\n\nclient = api.Client("{}")\nclient.run()\n'),
        ("sh", "#!/bin/sh\ncurl -H 'X-Auth: {}' https://api.example.org/v1\necho done\n"),
    )
    found = []
    for number, (kind, secret) in enumerate(made.items()):
        ending, text = forms[number % len(forms)]
        found.append(_one(kind, f"{kind.replace(' ', '_')}.{ending}", text, secret))
    return found


def _settings(make: _Made) -> list[SecretCanary]:
    """Passwords and keys that are known by their names and places."""
    forms = {
        "env file": ("app.env", "HOST=db.local\nDB_PASSWORD={}\nPORT=5432\n"),
        "json settings": ("settings.json", '{\n  "user": "bob",\n  "password": "{}",\n  "port": 1\n}\n'),
        "yaml settings": ("values.yaml", "db:\n  user: app\n  password: {}\n  port: 5432\n"),
        "yaml block": ("block.yaml", "auth:\n  client_secret: |\n    {}\n  name: x\n"),
        "ini settings": ("app.ini", "[db]\nhost = a\npasswd   =   {}\nport = 1\n"),
        "toml settings": ("conf.toml", '[api]\nurl = "https://a.example"\nsecret_key = "{}"\n'),
        "netrc": (".netrc", "machine git.example.org\nlogin bob\npassword {}\n"),
        "pgpass": (".pgpass", "db.example.org:5432:app:bob:{}\n"),
        "npmrc": (".npmrc", "//registry.example.org/:_authToken={}\n"),
        "database url": ("deploy.yml", "env:\n  DATABASE_URL: postgres://app:{}@db:5432/app\n"),
        "php define": ("wp-config.php", "<?php\ndefine('DB_PASSWORD', '{}');\n"),
        "sql": ("users.sql", "CREATE USER bob WITH PASSWORD '{}';\nGRANT ALL ON a TO bob;\n"),
        "xml": ("server.xml", "<server>\n  <user>bob</user>\n  <password>{}</password>\n</server>\n"),
        "command line": ("backup.sh", "#!/bin/sh\nmysqldump -u root --password={} app > a.sql\n"),
        "header": ("request.http", "GET /a HTTP/1.1\nAuthorization: Bearer {}\nAccept: */*\n"),
    }
    passwords = tuple(make.password() for _ in range(4))
    rows = "".join(f"{number},user{number},{word},2024\n" for number, word in enumerate(passwords))
    column = SecretCanary("csv column", "users.csv", f"id,user,password,since\n{rows}", passwords)
    return [*(_one(kind, *form, make.password()) for kind, form in forms.items()), column]


def _keys(make: _Made) -> list[SecretCanary]:
    """Keys of several lines, and keys as web standards write them."""
    found = []
    for kind, file, name, number in (
        ("private key", "server.pem", "RSA PRIVATE KEY", 8),
        ("ssh key", "id_ed25519", "OPENSSH PRIVATE KEY", 6),
    ):
        lines = make.key_lines(number)
        text = "\n".join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----", ""])
        found.append(SecretCanary(kind, file, text, lines))
    part = make.of(_ALNUM, 40)
    token = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx{make.of(_ALNUM, 20)}.{make.of(_ALNUM, 43)}"
    jwk = '{"kty": "EC", "crv": "P-256",\n "d": "{}",\n "x": "abc"}\n'
    return [
        *found,
        _one("json web key", "jwk.json", jwk, part),
        _one("json web token", "session.txt", "logged in\ntoken {}\nbye\n", token),
    ]


def _personal(make: _Made) -> list[SecretCanary]:
    email = f"{make.of(string.ascii_lowercase, 8)}@mail.example.org"
    phone = f"+49 30 {make.of(_DIGITS, 8)}"
    return [
        _one("e-mail", "contacts.md", "# People\n\n- Ann: {}\n", email),
        _one("phone", "call.md", "# Call\n\nRing {} after nine.\n", phone),
        _one("card", "order.txt", "order 17\ncard {}\npaid\n", make.card()),
        _one("iban", "bill.txt", "bill 3\npay to {}\nthanks\n", make.iban()),
        _one("national number", "person.txt", "name: Bob\nSSN: {}\n", "536-22-8145"),
    ]
