"""Passwords in addresses, and common words as passwords in settings that are in use."""

from __future__ import annotations

import pytest

from mcp_smalltools.privacy.find_secrets import find_all
from mcp_smalltools.privacy.redact import Redactor

WORD = "pass" + "word"
"""A common word as the value of a password."""


def masked(text: str) -> str:
    return Redactor().scrub(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("mongodb://ann:s3cr@t9@db.corp:27017/main", "mongodb://ann:<SECRET_1>@db.corp:27017/main"),
        ("https://ann:hunter@22@git.corp", "https://ann:<SECRET_1>@git.corp"),
        ("https://ann@corp.example:swordfish!#@git.corp/x", "https://ann@corp.example:<SECRET_1>@git.corp/x"),
        ("smtp://ann:wunderbar@mail.example.com:25", "smtp://ann:<SECRET_1>@mail.example.com:25"),
        ("see http://docs.corp:8080/a@b for more", "see http://docs.corp:8080/a@b for more"),
        ("ssh://git@host.corp:2222/x.git", "ssh://git@host.corp:2222/x.git"),
    ],
)
def test_a_password_in_an_address_may_have_an_at_sign_and_its_user_may_be_an_address(
    text: str, left: str
) -> None:
    assert masked(text) == left


@pytest.mark.parametrize(
    "text",
    [
        f'{{"host": "a.corp", "username": "root", "{WORD}": "{WORD}", "port": 22}}',
        f'{{\n  "server": "a.corp",\n  "user": "ann",\n  "{WORD}": "dummy"\n}}\n',
        f'<connection host="a" port="1" user="ann" {WORD}="{WORD}"/>',
        f"<Server><Host>a.corp</Host><User>ann</User><Pass>{WORD}</Pass></Server>",
        f"IRC_HOST=a.corp\nIRC_NICK=ann\n# for the bot\nIRC_PASS={WORD}\n",
        f"export A_REGION=x\nexport A_HOST=y\nexport A_API_TOKEN='sampleAppToken'\nexport A_PASS='{WORD}'\n",
        f'hostname mail.corp:587\nusername "ann"\n{WORD} "{WORD}"\nstarttls required\n',
        f"machine a.corp\n  login ann\n  {WORD} {WORD}\n",
        f"machine a.corp login ann {WORD} {WORD}\n",
        f"localhost:5432:main:ann:{WORD}\n",
        f'client.login("ann", "sales{WORD}x")',
    ],
)
def test_a_common_word_is_masked_in_settings_that_are_in_use(text: str) -> None:
    assert "<SECRET_1>" in masked(text)
    assert f'"{WORD}"}}' not in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        f'{WORD} = "{WORD}"\n',
        f'def connect(host="a", user="b", {WORD}="{WORD}"):\n    return 1\n',
        f'{{"label": "Sign in", "{WORD}": "{WORD}"}}',
        f'{{"host": "string", "user": "string", "{WORD}": "string"}}',
        f'{{"host": "a", "user": "b", "{WORD}": "${{DB_PASS}}"}}',
        "A=1\nB=2\nDB_PASS=<your-value>\nC=3\n",
        f"The {WORD} {WORD} is a placeholder.\n",
        'docker run -v "$PWD:/mnt" app\nPWD=/home/ann\nOLDPWD=/\n',
        "Setting up libsecret-1-0:amd64 (0.16-0ubuntu1) ...\n",
        "  elixir_erl_pass:translate/2\n",
        "sshpass run -p `pwd`/bin/tool9\n",
        "value: \x1b[39;49m\x1b[30m 11ms\n",
        "id 4979637087069502465 and 6031323131718821830.png\n",
    ],
)
def test_placeholders_in_code_and_prose_and_parts_of_logs_stay(text: str) -> None:
    assert masked(text) == text


def test_a_value_of_settings_in_use_is_masked_in_a_part_of_its_file() -> None:
    redactor = Redactor()
    redactor.learn(f'{{\n "host": "a.corp",\n "user": "ann",\n "{WORD}": "{WORD}"\n}}\n')
    assert redactor.scrub(f' "{WORD}": "{WORD}"') == f' "{WORD}": "<SECRET_1>"'


def test_a_text_has_the_same_secrets_wherever_its_letters_beyond_ascii_stand() -> None:
    secret = "contraseña: Grau7Pferd9\nпароль: Blau7Hund42\n"
    for size in (0, 10, (1 << 14) - 30, (1 << 14) - 5, 1 << 14, 3 << 14):
        text = "x" * size + "\n" + secret + "y = 1\n" * 9000 + secret
        values = {text[found.start : found.end] for found in find_all(text)}
        assert values == {"Grau7Pferd9", "Blau7Hund42"}, size
        assert len(masked(text).split("<SECRET_")) == 5
