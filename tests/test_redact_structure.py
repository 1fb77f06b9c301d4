"""Redaction by structure: what a name, a column, a block or another line says about a value."""

from __future__ import annotations

import importlib.util
import json
import random
import time
from pathlib import Path

import anyio
import pytest
from hypothesis import example, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from secret_canaries import canaries

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.issuers import issuer_names
from mcp_smalltools.privacy.redact import Redactor
from mcp_smalltools.privacy.secret_names import Secrecy, secrecy_of
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

_SPEC = importlib.util.spec_from_file_location(
    "redaction", Path(__file__).parents[1] / "benchmarks" / "redaction.py"
)
assert _SPEC is not None and _SPEC.loader is not None
redaction = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(redaction)

LETTERS = "sesamum"  # a password of letters alone
MIXED = "Sesam77x"
DIGITS = "483920"

MASKED = {
    "no blank after the colon": (f"password:{MIXED}", MIXED),
    "aligned settings": (f"password            =            {MIXED}", MIXED),
    "aligned settings in quotes": (f'"password"          :          "{LETTERS}"', LETTERS),
    "PHP define": (f"define('DB_PASSWORD', '{LETTERS}');", LETTERS),
    "WordPress key": ("define( 'AUTH_KEY',   'Zk$;k p8~Zq|dw!!a 9 2jF)aP0}[mmQ+' );", "Zk$;k p8~Zq"),
    "JSON value on the next line": (f'{{"password":\n    "{LETTERS}"}}', LETTERS),
    "YAML block": (f"db:\n  password: |\n    {LETTERS} two\n    {MIXED}\n  user: ann", LETTERS),
    "folded YAML block": (f"secret: >-\n  {LETTERS}\nuser: ann", LETTERS),
    "CSV": (f"id,user,password,city\n1,ann,{LETTERS},Rome", LETTERS),
    "CSV in quotes over a line end": (f'user,note,password\nann,"a\nb",{LETTERS}', LETTERS),
    "tabs": (f"user\tpassword\nann\t{LETTERS}", LETTERS),
    "Markdown": (f"| user | password |\n|---|---|\n| ann | {LETTERS} |", LETTERS),
    "psql": (f" user | password \n------+----------\n ann  | {LETTERS}", LETTERS),
    "aligned table": (f"USER     PASSWORD     HOST\nann      {MIXED}     db", MIXED),
    "said": (f'log in with password "{LETTERS}"', LETTERS),
    "notebook": (json.dumps({"source": [f'password = "{LETTERS}"\n']}), LETTERS),
    "Rails": ("secret_key_base: 0a1b2c3d4e5f60718293", "0a1b2c3d4e"),
    "htpasswd": ("ann:$apr1$abcdefgh$0123456789abcdefABCDE/", "0123456789abc"),
    "XML with an attribute": (f'<Pass encoding="plain">{LETTERS}</Pass>', LETTERS),
    "SQL user": (f"CREATE USER ann IDENTIFIED BY '{LETTERS}';", LETTERS),
    "SQL role": (f"ALTER ROLE ann WITH PASSWORD '{LETTERS}';", LETTERS),
    "SQL insert": (f"INSERT INTO users (id, password) VALUES (1, '{LETTERS}'), (2, 'x');", LETTERS),
    "environment, letters": (f"PGPASSWORD={LETTERS}", LETTERS),
    "environment before a command": (f"PGPASSWORD={LETTERS} psql -h db", LETTERS),
    "digits": (f"password: {DIGITS}", DIGITS),
    "PIN": ("pin: 4839", "4839"),
    "PowerShell": (f"Connect-Host -User ann -Password '{LETTERS}'", LETTERS),
    "SecureString": (f'ConvertTo-SecureString "{LETTERS}" -AsPlainText -Force', LETTERS),
    "curl in PHP": (f'curl_setopt($c, CURLOPT_USERPWD, "ann:{LETTERS}");', LETTERS),
    "JWK": ('{"kty":"OKP","x":"abc","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDus"}', "nWGxne_9WmC6"),
    "Kubernetes": (f"- name: DB_PASSWORD\n  value: {LETTERS}", LETTERS),
    "name and value in JSON": (f'{{"name": "API_TOKEN", "value": "{MIXED}99"}}', MIXED),
    "property": (f'<property name="password">{LETTERS}</property>', LETTERS),
    "plist": (f"<key>password</key>\n<string>{LETTERS}</string>", LETTERS),
    "annotation": (f'password: str = "{LETTERS}"', LETTERS),
    "setter": (f'client.setPassword("{MIXED}!")', MIXED),
    "German": (f"kennwort: {MIXED}", MIXED),
    "Portuguese": (f"senha={MIXED}", MIXED),
    "Russian": (f"пароль: {MIXED}", MIXED),
    "Chinese": (f"密码：{MIXED}", MIXED),
    "full width": ("ｐａｓｓｗｏｒｄ＝Ｓｅｓａｍ７７", "Ｓｅｓａｍ"),
    "connection string": (f"Server=db;User Id=sa;Password={LETTERS};Encrypt=True", LETTERS),
    "card with dots": ("4111.1111.1111.1111", "1111"),
    "e-mail with umlauts": ("an müller@bücher.de", "müller"),
    "e-mail with (at)": ("ann.b (at) example.com", "ann.b"),
    "name of two words": (f"API key: {MIXED}abcd", f"{MIXED}abcd"),
    "name of three words": (f"Secret access key = {MIXED}", MIXED),
    "two words of Portuguese": (f"Palavra passe : {MIXED}", MIXED),
    "is:": (f"The password is: {MIXED}", MIXED),
    "nine digits": ("ssn: 219456789", "219456789"),
    "list": (f"passwords:\n  - {MIXED}\n  - {LETTERS}x1", MIXED),
}


@pytest.mark.parametrize(("text", "value"), MASKED.values(), ids=MASKED.keys())
def test_a_value_is_masked_for_its_name_or_place(text: str, value: str) -> None:
    out = Redactor().scrub(text)
    assert value not in out
    assert out.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "password = get_password()",
        "password = os.environ['PASSWORD']",
        "self.password = password",
        "token = self.next_token2()",
        "if password == other.password1:",
        "def login(user: str, password: str, token: Token | None = None) -> None:",
        "private_key: ed25519.Ed25519PrivateKey,",
        'password = "<password>"',
        'password = "changeme"',
        'password = "your-password-here"',
        "PASSWORD=${PASSWORD}",
        "password: {{ vault_password }}",
        "password: '********'",
        '"password": "Enter your password"',
        '"password": "Passwort"',
        "<password>Passwort</password>",
        "password_length: 12",
        "Skipping key 531ECF3644A44FEA0B47DBCDE1E3CF0539448BFF with UID Ann",
        "Trying discovered key 34865c0c941133d046e30121a4991953 in /root/.ssh/id_rsa",
        "Cache restored from key: Linux-pip-aac74dabbaf8d6c596cc733990228cc2dd0dbee0822c71d484f1d0a1b2c3d4e5",
        "[ERROR] Token is invalid! IP: 192.168.45.12",
        "MainMem :  3405824 3405824      - |      0      0",
        "cache key: user2_profile3",
        "the access key is wrong: 403",
        "The API key: how to get one in 2024",
        "Public key: abc123def456",
        "max_tokens: 4096",
        "postgres://user:password@localhost/db",
        "--- PASS: TestLinks/redis-lock (0.00s)",
        "PWD=/home/ann/project-2",
        "password_file: /run/secrets/db_2",
        "the password is required, see section 3",
        "    user, password, host = parse(line2)\n    a, b1, c = 1, 2, 3",
        "tokens,labels\n12,bug3",
    ],
)
def test_code_documentation_and_placeholders_stay(text: str) -> None:
    assert Redactor().scrub(text) == text


MADE = {kind: form for kind, (name, form) in redaction.kinds().items() if name == "value"}


def test_a_token_of_each_kind_is_masked_with_nothing_beside_it() -> None:
    chance = random.Random(5)
    tokens = [(kind, redaction.made(form, chance)) for kind, form in MADE.items() for _ in range(2)]
    assert len(MADE) > 200
    assert [kind for kind, token in tokens if not redaction.is_masked(f"it said {token} there", token)] == []


def test_tokens_of_some_170_issuers_are_known() -> None:
    assert len(issuer_names()) >= 170 and len(set(issuer_names())) == len(issuer_names())


@pytest.mark.parametrize(
    ("name", "secrecy"),
    [
        *(("dbPassword", Secrecy.PASSWORD), ("PSWD", Secrecy.PASSWORD), ("client-secret", Secrecy.PASSWORD)),
        *(("X-Auth-Token", Secrecy.TOKEN), ("APIKey", Secrecy.TOKEN), ("tokenValue", Secrecy.TOKEN)),
        *(("tokenType", Secrecy.NONE), ("bypass", Secrecy.NONE), ("publicKey", Secrecy.NONE)),
    ],
)
def test_a_name_says_what_it_names(name: str, secrecy: Secrecy) -> None:
    assert secrecy_of(name) is secrecy


@pytest.mark.parametrize(
    "piece",
    [
        "mysql -p",
        "curl -u a:b ",
        "login a password ",
        "password = ",
        "password    ",
        '"kty":',
        "pass.",
        "key,",
        "<password ",
        "insert into a (password",
        "-----BEGIN PRIVATE KEY-----",
        "://a:",
        'password: "',
        "a@",
        "密码",
        "password, ",
        "| password ",
        "password:\n",
        "token [",
        "sk-",
        "eyJ",
        "-u a",
        " -p",
    ],
)
def test_a_line_of_a_megabyte_takes_time_in_proportion(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        started = time.process_time()
        Redactor().scrub(text)
        return time.process_time() - started

    seconds(1000)
    small = max(0.05, min(seconds(100_000) for _ in range(2)))
    assert seconds(1_000_000) < 40 * small


def test_many_known_values_are_looked_for_in_one_pass() -> None:
    values = [f"Sesam{number}x!" for number in range(20_000)]
    text = "\n".join(f'password = "{value}"' for value in values) + "\n" + " ".join(values)
    started = time.process_time()
    assert "Sesam" not in Redactor().scrub(text)
    assert time.process_time() - started < 20


def answer_of(folder: Path, level: PrivacyLevel, tool: str, **arguments: object) -> dict[str, object]:
    async def call() -> dict[str, object]:
        settings = Settings(
            roots=(RootSpec(path=folder, level=level),), state_dir=folder.parent / "state", cache=False
        )
        service = Service(settings)
        try:
            request = ToolRequest(tool=tool, arguments=arguments, client="test")
            return (await service.call(request)).structured()
        finally:
            await service.close()

    return anyio.run(call)


@pytest.mark.parametrize("level", [PrivacyLevel.REDACTED, PrivacyLevel.OPEN])
def test_a_slice_is_masked_as_it_is_in_its_file(tmp_path: Path, level: PrivacyLevel) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    key = [f"{'Ab3' * 20}{number:04}" for number in range(60)]
    lines = [
        f'password = "{MIXED}"',
        "-----BEGIN PRIVATE KEY-----",
        *key,
        "-----END PRIVATE KEY-----",
        f"login with {MIXED} works",
        "user,password",
        *(f"user{n},{LETTERS}" for n in range(60)),
        "",
    ]
    (folder / "notes.txt").write_text("\n".join(lines))
    for start, end in ((3, 3), (40, 62), (63, 64), (65, 66), (90, 100), (125, 125)):
        answer = answer_of(folder, level, "read_redacted", path="notes.txt", start=start, end=end)
        shown = json.dumps(answer["lines"])
        assert len(answer["lines"]) == end - start + 1  # type: ignore[arg-type]
        assert not any(value in shown for value in ("Ab3Ab3", MIXED, LETTERS)), (start, end)


def test_a_number_is_masked_for_the_name_of_its_field(tmp_path: Path) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "n.yaml").write_text(f'password: "{DIGITS}"\nport: 5432\n')
    schema = {
        "type": "object",
        "properties": {"password": {"type": "integer"}, "port": {"type": "integer"}},
    }
    answer = answer_of(folder, PrivacyLevel.REDACTED, "extract", path="n.yaml", schema=schema)
    assert DIGITS not in json.dumps(answer)
    assert answer["data"]["port"] == 5432  # type: ignore[index]


def test_parts_of_a_file_are_masked_for_what_the_rest_says() -> None:
    redactor = Redactor()
    redactor.learn(f"user,password\nann,{LETTERS}\nbob,{MIXED}\n")
    assert LETTERS not in redactor.scrub(f"ann,{LETTERS}")
    assert MIXED not in redactor.scrub(f"it said {MIXED}")
    assert redactor.scrub(f"the word {LETTERS} alone") == f"the word {LETTERS} alone"


STRUCTURES = st.sampled_from(
    [
        "password",
        "=",
        ":",
        '"',
        "'",
        " ",
        "\n",
        "|",
        ",",
        "\t",
        "- ",
        "<",
        ">",
        "token",
        "key",
        "(",
        ")",
        "[",
        "{",
        "-----BEGIN PRIVATE KEY-----",
        "define(",
        "insert into t (",
        "values (",
        '"kty":',
        '"d":',
        "|\n  ",
        "ｐ",
    ]
)


@given(st.lists(st.one_of(STRUCTURES, st.text(max_size=10)), max_size=30).map("".join))
@budget(max_examples=300, deadline=None)
def test_any_structure_keeps_its_lines(text: str) -> None:
    assert Redactor().scrub(text).count("\n") == text.count("\n")
    redactor = Redactor()
    redactor.learn(text)
    assert redactor.scrub(text).count("\n") == text.count("\n")


MASKS = st.sampled_from(["<SECRET_1>", "<PRIVATE_KEY_1>", "<SSN_1>", "</key>", "SECRET_1", "ann@example.com"])
CANARY_TEXTS = st.sampled_from([canary.text for canary in canaries()])


@given(st.lists(st.one_of(STRUCTURES, MASKS, CANARY_TEXTS, st.text(max_size=4)), max_size=8).map("".join))
@budget(max_examples=200, deadline=None)
@example("passwd = abcdef123!\n<key>port</key>")
@example("Bearer <SECRET_1> and more text</b>")
@example("a:b:c:d:hunter2x!7\npass: SECRET_1")
@example("ann@example.com-----BEGIN OPENSSH PRIVATE KEY-----\nl8tyDTDFF0QyHMiixgjFjVVW4q2oJqFvdD6Mryrc18kW\n")
def test_masking_what_was_masked_masks_nothing_more(text: str) -> None:
    redactor = Redactor()
    once = redactor.scrub(text)
    assert redactor.scrub(once) == once
    assert Redactor().scrub(once) == once
    other = Redactor()
    other.learn(once)
    assert other.scrub(once) == once


def test_an_element_that_is_named_like_a_mask_is_one() -> None:
    assert "qjwos7pH1Txxx9" not in Redactor().scrub("<SECRET_1>qjwos7pH1Txxx9!4</SECRET_1>")


def test_a_pattern_of_the_users_changes_no_mask() -> None:
    redactor = Redactor(["SECRET", r"\d+"])
    once = redactor.scrub("password: hunter2x!7 of 12")
    assert redactor.scrub(once) == once and "SECRET_1" in once
