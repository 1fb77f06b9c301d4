"""Which names say that they name a secret: `DB_PASSWORD` and `dbPassword` do, `password_length` doesn't."""

from __future__ import annotations

import enum
import functools
import re
from typing import Final


class Secrecy(enum.IntEnum):
    """How much a name says about its value."""

    NONE = 0
    RANDOM = 1
    """Any key: only a long random value is one."""
    TOKEN = 2
    """A token or key: a value that looks random."""
    PIN = 3
    """A short number."""
    PASSWORD = 4
    """Whatever its value is, as long as it is one."""


# Words of other languages, as they are written in names of settings and columns.
FOREIGN_WORDS: Final = (
    r"kennw(?:o|oe)rt|passwort|geheimnis|wachtwoord|contrasena|contrasenya|senha|palavra_?passe|mot_?de_?passe|"
    r"mdp|parola_?chiave|parola|haslo|heslo|jelszo|salasana|losenord|adgangskode|passord|sifre|lozinka|"
    r"zaporka|parole|matkhau|mat_khau|kata_?sandi|katalaluan|mima|clave_?secreta|llave_?secreta|clave_?de_?acceso"
)
_PASSWORD: Final = re.compile(
    r"(?:[a-z0-9_]*(?:pass_?word|passwd|passwrd|pass_?phrase|pass_?code|psswd|paswd|passw|pass_?wd|pswd|psw|pword|"
    rf"pwd|secret|{FOREIGN_WORDS})|(?:[a-z0-9_]*_)?(?:pass|pw|pwds?|secrets|passwords|userpwd|auth_?pass)|"
    r"[a-z0-9]*(?:db|user|usr|my|root|admin|ftp|smtp|mail|imap|sql|pg|redis|ssh|ldap|proxy|store|key|trust|sudo|"
    r"login|rpc|web|mongo|app|proxy)_?(?:pass|pw)|"
    r"(?:[a-z0-9_]*_)?(?:secret_?key(?:_?base)?|client_?secret|secret_?access_?key|secret_?token|shared_?secret|"
    r"secure_?string|clave|requirepass|masterauth|identified_?by|passin|passout))"
)
_TOKEN: Final = re.compile(
    r"(?:[a-z0-9_]*(?:token|credential|credentials|apikey)|"
    r"(?:[a-z0-9_]*_)?(?:pat|jwt|bearer|auth|authorization|authkey|api_?key|api_?keys|api_?secret|app_?key|"
    r"app_?secret|salt|otp_?seed|seed_?phrase|mnemonic|sas_?key|sas_?token|creds?|webhook_?secret|session_?key|"
    r"psk|pre_?shared_?key|wpa_?psk|wep_?key|license_?key|licence_?key|product_?key|serial_?key|"
    r"recovery_?codes?|backup_?codes?|security_?answer|"
    r"(?:access|auth|private|encryption|encrypt|signing|signature|sign|account|shared_?access|primary_?access|"
    r"secondary_?access|master|service|deploy|session|storage|admin|consumer|subscription|security|client|"
    r"application|integration|ingest|ingestion|instrumentation|write|read|server|secure_?auth|logged_?in|nonce|"
    r"rest|account_?storage|functions|function|host|system|developer|dev|project|user|merchant|partner|"
    r"publish|hmac|aes|des|rsa|crypt|crypto|cipher|jwt|fernet|age|ssh|ssl|tls|pgp|gpg|cookie|csrf|"
    r"webhook|push|vapid_?private|sentry|rollbar|bugsnag|segment|datadog|algolia|stripe|openai|anthropic|"
    r"github|gitlab|aws|azure|gcp|google|firebase|maps|heroku|twilio|sendgrid|mailgun|mailchimp|cloudflare|"
    r"new_?relic|newrelic|mistral|cohere|deepgram|elastic|launchdarkly|pagerduty|opsgenie|pusher|fastly|"
    r"linode|vultr|hetzner|okta|auth0|snowflake|shodan|virustotal|weather|openweather|infura|alchemy|etherscan)"
    r"_?keys?))"
)
_RANDOM: Final = re.compile(r"(?:[a-z0-9_]*_)?(?:key|keys|secret_?id|auth_?code)")
_PIN: Final = re.compile(
    r"(?:[a-z0-9_]*_)?(?:pin|pin_?code|pincode|otp|totp|mfa_?code|cvv|cvc|cvv2|passcode|ssn|"
    r"social_?security(?:_?(?:number|no|num))?)"
)
_SUFFIXES: Final = re.compile(
    r"(?:_(?:value|val|str|string|text|b64|base64|prod|production|dev|development|staging|stage|live|sandbox|"
    r"old|new|current|plain|plaintext|raw|default|confirm|confirmation|again|repeat|backup|primary|secondary|"
    r"main|encrypted|enc|hash|hashed|md5|sha1|sha256|digest|test|override|in|here|env|data|\d{1,4}))+$"
)
_PUBLIC: Final = re.compile(
    r"(?:^|_)(?:public|pub|publishable|primary|foreign|cache|sort|partition|registry|object|dict|map|row|"
    r"column|field|group|unique|host_public|arrow|hot|no|is|has|use|show|forgot|forgotten|lost|reset|require|"
    r"requires|required|enable|enabled|disable|allow|need|needs|min|max|ask|prompt|num|count|without|missing|"
    r"invalid|wrong|bad|expired|next_page|kotlin)(?:_|$)"
)
_CAMEL: Final = re.compile(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")
_MAX_NAME: Final = 100


def snake_case(name: str) -> str:
    """The name's words in lower case, joined by `_`."""
    parted = _CAMEL.sub(r"\1\3_\2\4", name)
    return _NOT_WORD.sub("_", parted.lower()).strip("_")


@functools.lru_cache(maxsize=8192)
def secrecy_of(name: str) -> Secrecy:
    """What a setting, column, variable or option of this name holds."""
    if not 1 < len(name) <= _MAX_NAME:
        return Secrecy.NONE
    words = snake_case(name)
    bare = _SUFFIXES.sub("", words) or words
    for words_of_name in (bare, bare.rstrip("0123456789")):
        if _PASSWORD.fullmatch(words_of_name):
            return Secrecy.NONE if _PUBLIC.search(words_of_name) else Secrecy.PASSWORD
    if _PUBLIC.search(bare):
        return Secrecy.NONE
    if _PIN.fullmatch(bare):
        return Secrecy.PIN
    if _TOKEN.fullmatch(bare):
        return Secrecy.TOKEN
    return Secrecy.RANDOM if _RANDOM.fullmatch(bare) else Secrecy.NONE


FOREIGN_SCRIPTS: Final = (
    *("пароль", "парол", "секрет", "токен", "ключ доступа", "гасло", "лозинка", "сифра"),
    *(
        "密码",
        "密碼",
        "口令",
        "密钥",
        "密鑰",
        "暗号",
        "パスワード",
        "パスコード",
        "暗証番号",
        "合言葉",
        "秘密鍵",
    ),
    *("비밀번호", "암호", "패스워드", "รหัสผ่าน", "mật khẩu", "contraseña", "contrasenya", "hasło", "lösenord"),
    *(
        "jelszó",
        "şifre",
        "palavra-passe",
        "кодова дума",
        "κωδικός",
        "סיסמה",
        "סיסמא",
        "كلمة المرور",
        "كلمة السر",
    ),
    *("रहस्य", "पासवर्ड", "parolă", "salaĵo", "slaptažodis", "şifrə", "құпия сөз", "գաղտնաբառ", "પાસવર્ડ"),
)
"""Names of passwords that are not written in ASCII."""
