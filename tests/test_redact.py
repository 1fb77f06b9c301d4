"""Redaction: secrets of many kinds in code, configuration and logs; few false alarms; stable placeholders."""

from __future__ import annotations

import base64
import json
import random
import re
import string
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.privacy.redact import Redactor
from mcp_smalltools.text.visible import clean_text

ALNUM = string.ascii_letters + string.digits
DIGITS = string.digits
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
URLSAFE = ALNUM + "_-"


def some(chance: random.Random, letters: str, length: int) -> str:
    return "".join(chance.choice(letters) for _ in range(length))


def _jwt(chance: random.Random) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    body = {"sub": some(chance, DIGITS, 10), "iat": chance.randrange(10**9)}
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(body)}.{some(chance, URLSAFE, 43)}"


def _card(chance: random.Random) -> str:
    digits = [int(c) for c in chance.choice("45") + some(chance, DIGITS, 14)]
    total = sum(sum(divmod(2 * d, 10)) if i % 2 == 0 else d for i, d in enumerate(digits))
    text = "".join(map(str, digits)) + str(-total % 10)
    return " ".join(text[i : i + 4] for i in range(0, 16, 4)) if chance.random() < 0.5 else text


def _iban(chance: random.Random) -> str:
    account = some(chance, DIGITS, 18)
    check = 98 - int(f"{account}131400") % 97
    text = f"DE{check:02}{account}"
    return " ".join(text[i : i + 4] for i in range(0, 22, 4)) if chance.random() < 0.5 else text


def _word(chance: random.Random) -> str:
    return "".join(
        chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(chance.choice((2, 3)))
    )


def _password(chance: random.Random) -> str:
    return _word(chance).title() + some(chance, DIGITS, 3) + chance.choice("!#$%&*+=?")


# The formats as their issuers describe them, not as the rules read them.
KINDS: dict[str, Callable[[random.Random], str]] = {
    "aws access key": lambda r: r.choice(["AKIA", "ASIA"]) + some(r, UPPER, 16),
    "github token": lambda r: r.choice(["ghp_", "gho_", "ghs_", "ghr_"]) + some(r, ALNUM, 36),
    "github fine-grained": lambda r: f"github_pat_{some(r, ALNUM, 22)}_{some(r, ALNUM, 59)}",
    "gitlab token": lambda r: "glpat-" + some(r, URLSAFE, 20),
    "slack bot": lambda r: f"xoxb-{some(r, DIGITS, 12)}-{some(r, DIGITS, 13)}-{some(r, ALNUM, 24)}",
    "slack app": lambda r: f"xapp-1-A{some(r, UPPER, 10)}-{some(r, DIGITS, 13)}-{some(r, HEX, 64)}",
    "slack webhook": lambda r: (
        "https://hooks.slack.com/services/T"
        + f"{some(r, UPPER, 8)}/B{some(r, UPPER, 10)}/{some(r, ALNUM, 24)}"
    ),
    "stripe": lambda r: f"{r.choice(['sk', 'rk'])}_{r.choice(['live', 'test'])}_{some(r, ALNUM, 24)}",
    "stripe webhook": lambda r: "whsec_" + some(r, ALNUM, 32),
    "anthropic": lambda r: f"sk-ant-api03-{some(r, URLSAFE, 93)}AA",
    "openai project": lambda r: "sk-proj-" + some(r, URLSAFE, 74),
    "google api key": lambda r: "AIza" + some(r, URLSAFE, 35),
    "google oauth": lambda r: "GOCSPX-" + some(r, URLSAFE, 28),
    "azure secret": lambda r: f"{some(r, ALNUM, 3)}8Q~{some(r, ALNUM + '_~', 34)}",
    "npm": lambda r: "npm_" + some(r, ALNUM, 36),
    "pypi": lambda r: "pypi-AgEIcHlwaS5vcmc" + some(r, URLSAFE, 150),
    "rubygems": lambda r: "rubygems_" + some(r, HEX, 48),
    "docker hub": lambda r: "dckr_pat_" + some(r, URLSAFE, 27),
    "hugging face": lambda r: "hf_" + some(r, string.ascii_letters, 34),
    "twilio": lambda r: "SK" + some(r, HEX, 32),
    "sendgrid": lambda r: f"SG.{some(r, URLSAFE, 22)}.{some(r, URLSAFE, 43)}",
    "mailgun": lambda r: "key-" + some(r, HEX, 32),
    "mailchimp": lambda r: f"{some(r, HEX, 32)}-us{r.randrange(1, 21)}",
    "telegram": lambda r: f"{some(r, '123456789', 9)}:AA{some(r, URLSAFE, 33)}",
    "digitalocean": lambda r: "dop_v1_" + some(r, HEX, 64),
    "shopify": lambda r: "shpat_" + some(r, HEX, 32),
    "square": lambda r: "sq0atp-" + some(r, URLSAFE, 22),
    "databricks": lambda r: "dapi" + some(r, HEX, 32),
    "vault": lambda r: "hvs." + some(r, URLSAFE, 90),
    "terraform cloud": lambda r: f"{some(r, ALNUM, 14)}.atlasv1.{some(r, ALNUM, 67)}",
    "grafana": lambda r: f"glsa_{some(r, ALNUM, 32)}_{some(r, HEX, 8)}",
    "new relic": lambda r: "NRAK-" + some(r, UPPER, 27),
    "linear": lambda r: "lin_api_" + some(r, ALNUM, 40),
    "postman": lambda r: f"PMAK-{some(r, HEX, 24)}-{some(r, HEX, 34)}",
    "supabase": lambda r: "sbp_" + some(r, HEX, 40),
    "airtable": lambda r: f"pat{some(r, ALNUM, 14)}.{some(r, HEX, 64)}",
    "age key": lambda r: "AGE-SECRET-KEY-1" + some(r, UPPER, 58),
    "tailscale": lambda r: f"tskey-auth-{some(r, ALNUM, 12)}-{some(r, ALNUM, 32)}",
    "json web token": _jwt,
    "private key": lambda r: (
        "-----BEGIN RSA PRIVATE KEY-----\n"
        + "\n".join(some(r, ALNUM + "+/", 64) for _ in range(5))
        + "\n-----END RSA PRIVATE KEY-----"
    ),
    "e-mail": lambda r: f"{_word(r)}.{_word(r)}@{_word(r)}.{r.choice(['com', 'org', 'co.uk'])}",
    "card": _card,
    "iban": _iban,
    "us social security": lambda r: (
        f"{r.randrange(100, 600)}-{r.randrange(10, 99)}-{r.randrange(1000, 9999)}"
    ),
    "uk national insurance": lambda r: f"AB{some(r, DIGITS, 6)}C",
    "phone": lambda r: f"+{r.choice(['49', '44', '1'])} {some(r, '123456789', 3)} {some(r, DIGITS, 7)}",
}
CONTEXTS = {
    "code": lambda name, value: f'    {name} = "{value}"  # set by hand',
    "configuration": lambda name, value: f"{name}: {value}",
    "log": lambda name, value: f"2026-03-01 04:00:01 INFO worker-3 sent {value} to the host, try 2 of 3",
}
# Secrets without a form of their own are known by what names them.
NAMED = {
    "password in code": ('    password = "{}"', _password),
    "password in JSON": ('{{"user": "app", "password": "{}"}}', _password),
    "password in YAML": ("  db_password: {}", _password),
    "password in an environment file": ("DATABASE_PASSWORD={}", _password),
    "password in a URL": ("postgres://app:{}@db.internal:5432/shop", lambda r: some(r, ALNUM, 12)),
    "connection string": (
        "Server=tcp:db.example.net;User ID=app;Password={};Encrypt=True",
        lambda r: some(r, ALNUM, 14),
    ),
    "storage key": (
        "AccountName=shop;AccountKey={};EndpointSuffix=x",
        lambda r: some(r, ALNUM + "+/", 86) + "==",
    ),
    "secret access key": ("aws_secret_access_key = {}", lambda r: some(r, ALNUM + "+/", 40)),
    "api key in a query": ("GET /v1/items?page=2&api_key={}&x=1 200", lambda r: some(r, ALNUM, 32)),
    "authorization header": ("Authorization: Bearer {}", lambda r: some(r, ALNUM, 40)),
    "basic authorization": (
        "authorization: Basic {}",
        lambda r: base64.b64encode(_password(r).encode()).decode(),
    ),
    "cookie": ("Set-Cookie: {}; HttpOnly", lambda r: f"session={some(r, ALNUM, 32)}"),
    "command line": ("mysql --password={} -h db", lambda r: some(r, ALNUM, 12)),
    "netrc": ("machine api.example.com login ann password {}", lambda r: some(r, ALNUM, 12)),
    "npmrc": ("//registry.example.org/:_authToken={}", lambda r: some(r, HEX, 32)),
    "pgpass": ("db.internal:5432:shop:app:{}", lambda r: some(r, ALNUM, 12)),
    "element": ("<db.password>{}</db.password>", lambda r: some(r, ALNUM, 12)),
    "attributes": ('<add key="ApiKey" value="{}" />', lambda r: some(r, HEX, 20)),
    "docker login": (
        '"auth": "{}"',
        lambda r: base64.b64encode(f"{_word(r)}:{_password(r)}".encode()).decode(),
    ),
    "pair": ('requests.get(url, auth=("ann", "{}"))', _password),
    "password hash": ("ann:$2y$10${}:1000:1000", lambda r: some(r, ALNUM + "./", 53)),
    "shadow": ("root:$6${}:19000:0:99999", lambda r: f"{some(r, ALNUM, 8)}${some(r, ALNUM + './', 86)}"),
    "key in base64": (
        "client-key-data: {}",
        lambda r: base64.b64encode(
            f"-----BEGIN EC PRIVATE KEY-----\n{some(r, ALNUM, 200)}".encode()
        ).decode(),
    ),
    "header in quotes": ("curl -H 'x-auth-token: {}' https://h", lambda r: some(r, ALNUM, 20)),
    "mysql": ("mysql -uroot -p{} shop", lambda r: some(r, ALNUM, 12)),
    "said": ("Password for user ann: {}", lambda r: some(r, ALNUM, 12)),
    "token in a log": ("refreshing, token={} expires in 3600", lambda r: some(r, HEX, 40)),
}


def masked(text: str, value: str) -> bool:
    """Whether no part of the value that is longer than three characters is left."""
    out = re.sub(r"<[A-Z_]+_\d+>", "", Redactor().scrub(text))
    return not any(part in out for part in re.split(r"[\n.\s=]+", value) if len(part) > 3)


def test_of_forty_kinds_of_secrets_in_three_contexts_nearly_all_are_masked() -> None:
    chance = random.Random(20260301)
    found: dict[str, list[bool]] = {}
    for kind, make in KINDS.items():
        for wrap in CONTEXTS.values():
            for _ in range(8):
                value = make(chance)
                found.setdefault(kind, []).append(masked(wrap("value", value), value))
    for kind, (form, make) in NAMED.items():
        for _ in range(24):
            value = make(chance)
            found.setdefault(kind, []).append(masked(form.format(value), value))
    assert len(found) >= 40
    each = {kind: sum(hits) / len(hits) for kind, hits in found.items()}
    recall = sum(sum(hits) for hits in found.values()) / sum(map(len, found.values()))
    assert recall >= 0.97, {kind: share for kind, share in each.items() if share < 1}
    assert min(each.values()) >= 0.75, {kind: share for kind, share in each.items() if share < 1}


def test_ordinary_code_is_hardly_ever_masked() -> None:
    """Python's own library, which holds no secrets. E-mail addresses don't count: all are masked."""
    library = Path(sysconfig.get_paths()["stdlib"])
    files = [
        path for name in (".", "asyncio", "http", "email", "json") for path in (library / name).glob("*.py")
    ]
    lines = [
        line for path in files for line in path.read_text(encoding="utf-8", errors="replace").split("\n")
    ]
    assert len(lines) > 50_000
    redactor = Redactor()
    hits = [line for line in lines if (out := redactor.scrub(line)) != line and "<EMAIL_" not in out]
    assert len(hits) <= 2 * len(lines) / 1000, hits[:20]


@pytest.mark.parametrize(
    "text",
    [
        "password: str, token: Token = None",
        "token = next(tokens)",
        "api_key = os.environ['API_KEY']",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "id=550e8400-e29b-41d4-a716-446655440000 took 1700000000000 ns",
        "git@github.com:someone/something.git",
        "2026-03-01T04:00:00.123Z worker-3 [10.0.0.12:5432] 200 1234567 0.004",
        "version 1.2.3-beta.4, build 20260301.1",
        "for key, value in secrets.items(): key=key",
        "password is required",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert Redactor().scrub(text) == text


def test_one_value_has_one_placeholder_in_an_answer_and_the_counts_say_how_many() -> None:
    redactor = Redactor()
    first = redactor.scrub("from ann@example.com to bob@example.org")
    second = redactor.scrub("bob@example.org answered ann@example.com")
    assert first == "from <EMAIL_1> to <EMAIL_2>"
    assert second == "<EMAIL_2> answered <EMAIL_1>"
    assert redactor.counts == {"EMAIL": 4}


def test_lines_keep_their_numbers_where_a_value_spans_several() -> None:
    text = "before\n-----BEGIN PRIVATE KEY-----\nabc\ndef\n-----END PRIVATE KEY-----\nafter"
    out = Redactor().scrub(text)
    assert out.count("\n") == text.count("\n")
    assert out.split("\n")[-1] == "after"
    assert "abc" not in out


def test_the_users_own_patterns_are_masked_too_and_a_broken_one_is_named() -> None:
    redactor = Redactor.from_settings(Settings(redact_patterns=(r"PROJ-\d+",)))
    assert redactor.scrub("see PROJ-123 and PROJ-4") == "see <PRIVATE_1> and <PRIVATE_2>"
    for broken in ("(unclosed", "(?<=a)b", r"(a)\1", "x*"):
        with pytest.raises(ConfigError, match=re.escape(repr(broken))):
            Redactor.from_settings(Settings(redact_patterns=(broken,)))


def test_a_pattern_that_would_take_forever_elsewhere_takes_time_in_proportion() -> None:
    redactor = Redactor.from_settings(Settings(redact_patterns=("(a+)+b",)))
    assert redactor.scrub("a" * 100_000) == "a" * 100_000
    assert redactor.scrub("é aab ü") == "é <PRIVATE_1> ü"


@pytest.mark.parametrize(
    "piece",
    [
        "password.",
        "1.",
        "a%",
        "a-",
        "curl ",
        "://a:",
        "-----BEGIN PRIVATE KEY-----_",
        "cookie:a=",
        "AB12 ",
        "12 ",
        "+1 2 ",
        "a.eyJ",
        "--token=",
        '"password": "',
        "a@b.",
    ],
)
def test_no_text_makes_the_rules_take_out_of_proportion(piece: str) -> None:
    """A line of a hundred thousand characters that each rule could start on anywhere; the time-out judges."""
    text = "password=x authorization: bearer curl :// a@b.com " + piece * (100_000 // len(piece))
    assert "a@b.com" not in Redactor().scrub(text)


def test_a_value_that_was_given_away_once_is_masked_wherever_it_stands() -> None:
    redactor = Redactor()
    out = redactor.scrub('ok with Tiger77! first\npassword = "Tiger77!"\nlogin with Tiger77! failed')
    assert "Tiger77" not in out and out.count("<SECRET_1>") == 3
    assert redactor.scrub("Tiger77! again") == "<SECRET_1> again"
    assert redactor.scrub("NoTiger77!") == "NoTiger77!"


def test_an_ordinary_word_is_not_masked_everywhere_because_it_was_a_password_once() -> None:
    out = Redactor().scrub('password = "postgres"\nthe postgres server is up')
    assert out == 'password = "<SECRET_1>"\nthe postgres server is up'


def test_lines_out_of_the_middle_of_a_private_key_are_masked() -> None:
    chance = random.Random(7)
    key = "\n".join(some(chance, ALNUM + "+/", 64) for _ in range(6))
    assert not set(key.split("\n")) & set(Redactor().scrub(key).split("\n"))
    digest = "a" * 3 + some(chance, HEX, 61)
    assert Redactor().scrub(f"sha256 {digest}") == f"sha256 {digest}"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07text", "red text"),
        ("in\u200bvi\u2060si\ufeffble", "invisible"),
        ("right \u202eto left", "right to left"),
        ("tag\U000e0041s", "tags"),
        ("bell\x07 null\x00", "bell null"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("half \ud83d of \udf89 it", "half \ufffd of \ufffd it"),
        ("grün 日本 🎉", "grün 日本 🎉"),
    ],
)
def test_what_can_not_be_seen_does_not_leave(text: str, clean: str) -> None:
    assert clean_text(text) == clean


PIECES = st.sampled_from(
    [
        "password",
        "=",
        ":",
        '"',
        "'",
        " ",
        "\n",
        "token",
        "ann@example.com",
        "AKIAABCDEFGHIJKLMNOP",
        "<EMAIL_1>",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=25).map("".join))
@budget(max_examples=300, deadline=None)
def test_any_text_keeps_its_lines_and_loses_what_stands_apart(text: str) -> None:
    out = Redactor().scrub(text)
    assert out.count("\n") == text.count("\n")
    assert not {"ann@example.com", "AKIAABCDEFGHIJKLMNOP"} & set(out.split())


@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=25).map("".join))
@budget(max_examples=300, deadline=None)
def test_what_is_masked_stays_as_it_is_when_it_is_masked_again(text: str) -> None:
    redactor = Redactor()
    once = redactor.scrub(text)
    assert redactor.scrub(once) == once
