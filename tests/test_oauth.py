"""Access tokens of an identity provider that runs on loopback: which ones are accepted, and whose they
are.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from identity_provider import AUDIENCE, SCOPE, Provider, new_key

from mcp_smalltools.config import Settings, load_settings
from mcp_smalltools.errors import ConfigError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.principal import export_folder_name
from mcp_smalltools.server.http import oauth
from mcp_smalltools.server.http.oauth import Denied, ResourceServer
from mcp_smalltools.stores.steady_clock import SteadyClock


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    provider.add_key("k1")
    yield provider
    provider.close()


def settings_of(provider: Provider, **more: Any) -> Settings:
    return Settings(oauth_issuer=provider.issuer, oauth_audience=AUDIENCE, oauth_scopes=(SCOPE,), **more)


@pytest.fixture
def resource(provider: Provider) -> ResourceServer:
    return ResourceServer(settings_of(provider))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_token_that_the_provider_signed_for_this_server_is_its_subjects(
    provider: Provider, resource: ResourceServer, algorithm: str
) -> None:
    provider.add_key("k2", algorithm)
    principal = resource.principal(provider.token("k2", sub="ann@example"))
    assert (principal.name, principal.remote, principal.roots) == ("oauth ann@example", True, None)


@pytest.mark.parametrize(
    "subjects",
    [
        (
            "https://idp/realms/team/users/" + "0" * 90 + "alice",
            "https://idp/realms/team/users/" + "0" * 90 + "bob",
        ),
        ("ann", "ann\n", "a\u200bnn", "ann ", "Ann", "ann #0"),
        ("a/b", "a_b"),
        ("müller", "mu\u0308ller"),
    ],
)
def test_two_subjects_are_never_one_caller(
    provider: Provider, resource: ResourceServer, subjects: tuple[str, ...]
) -> None:
    """In the ledger, rates and sessions by the name; in exports by the folder."""
    principals = [resource.principal(provider.token("k1", sub=subject)) for subject in subjects]
    assert len({principal.name for principal in principals}) == len(subjects)
    assert len({export_folder_name(principal).casefold() for principal in principals}) == len(subjects)
    for principal in principals:
        assert principal.name.isprintable() and len(principal.name) < 100


def test_the_name_of_a_subject_stays_readable(provider: Provider, resource: ResourceServer) -> None:
    name = resource.principal(provider.token("k1", sub="ann\n<ann@example>")).name
    assert name.startswith("oauth ann<ann@example> #")


def test_a_subject_can_not_take_the_name_of_a_hashed_one(
    provider: Provider, resource: ResourceServer
) -> None:
    name = resource.principal(provider.token("k1", sub="ann b")).name.removeprefix("oauth ")
    assert resource.principal(provider.token("k1", sub=name)).name != f"oauth {name}"


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "https://other.example/mcp"},
    "no audience": {"aud": None},
    "no subject": {"sub": None},
    "no end": {"exp": None},
    "expired": {"exp": int(time.time()) - 120},
    "not yet valid": {"nbf": int(time.time()) + 86_400},
    "a level that there is not": {"smalltools_level": "naked"},
    "roots that are no list": {"smalltools_roots": "/"},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_token_with_wrong_claims_is_refused(
    provider: Provider, resource: ResourceServer, what: str
) -> None:
    with pytest.raises(Denied) as caught:
        resource.principal(provider.token("k1", **WRONG[what]))
    assert caught.value.error == "invalid_token"


def test_a_token_that_has_expired_stays_so_when_the_clock_is_put_back(
    provider: Provider, resource: ResourceServer
) -> None:
    """As the server has seen it: it looked at the clock an hour from now, and it was put back since."""
    resource._clock = SteadyClock(time.time() + 3600)
    with pytest.raises(Denied, match="expired"):
        resource.principal(provider.token("k1", exp=int(time.time()) + 600))
    assert resource.principal(provider.token("k1", exp=int(time.time()) + 7200))


def test_a_token_without_the_scope_is_refused_as_such(provider: Provider, resource: ResourceServer) -> None:
    with pytest.raises(Denied) as caught:
        resource.principal(provider.token("k1", scope="openid smalltools2"))
    assert caught.value.error == "insufficient_scope"
    assert resource.principal(provider.token("k1", scope=None, scp=[SCOPE])).name == "oauth ann"


def test_a_token_of_another_key_without_one_or_signed_by_the_public_key_is_refused(
    provider: Provider, resource: ResourceServer
) -> None:
    good = provider.token("k1")
    head, body, signature = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').decode().rstrip("=")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    public = resource._keys.get("k1").key.public_numbers().n.to_bytes(256, "big")
    forged = [
        provider.token("k1", key=new_key("RS256")),
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        jwt.encode(claims, public, "HS256", headers={"kid": "k1"}),
        provider.token("k1", algorithm="RS512"),
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body[:-2]}AA.{signature}",
        "a.b.c",
        "..",
        good + "x" * 20_000,
    ]
    for token in forged:
        with pytest.raises(Denied):
            resource.principal(token)
    assert resource.principal(good)


def test_keys_are_kept_and_fetched_anew_when_the_provider_has_changed_them(
    provider: Provider, resource: ResourceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        resource.principal(provider.token("k1"))
    assert provider.fetches == 1
    provider.add_key("k2")
    monkeypatch.setattr(oauth, "KEY_REFETCH_S", 0.0)
    assert resource.principal(provider.token("k2"))
    assert provider.fetches == 2
    old = provider.token("k1")
    del provider.keys["k1"]
    monkeypatch.setattr(oauth, "KEY_LIFETIME_S", 0.0)
    with pytest.raises(Denied):
        resource.principal(old)


def test_made_up_names_of_keys_do_not_flood_the_provider(
    provider: Provider, resource: ResourceServer
) -> None:
    resource.principal(provider.token("k1"))
    for number in range(50):
        with pytest.raises(Denied):
            resource.principal(provider.token("k1", header={"kid": f"made-up-{number}"}))
    assert provider.fetches == 1


def test_a_provider_that_is_down_for_a_while_locks_nobody_out(
    provider: Provider, resource: ResourceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = provider.token("k1")
    resource.principal(token)
    provider.down = True
    monkeypatch.setattr(oauth, "KEY_REFETCH_S", 0.0)
    later = time.monotonic() + oauth.KEY_LIFETIME_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert resource.principal(token)
    with pytest.raises(Denied) as caught:
        ResourceServer(settings_of(provider)).principal(token)
    assert caught.value.error == "temporarily_unavailable"


def test_the_provider_can_narrow_a_caller(
    provider: Provider, resource: ResourceServer, tmp_path: Path
) -> None:
    token = provider.token("k1", smalltools_roots=[f"{tmp_path}:sealed"], smalltools_level="redacted")
    principal = resource.principal(token)
    assert principal.roots and principal.roots[0].level is PrivacyLevel.SEALED
    assert principal.level is PrivacyLevel.REDACTED


def test_settings_that_would_trust_too_much_are_refused(provider: Provider) -> None:
    with pytest.raises(ConfigError, match="oauth_audience"):
        ResourceServer(Settings(oauth_issuer=provider.issuer))
    with pytest.raises(ConfigError, match="https"):
        ResourceServer(Settings(oauth_issuer="http://idp.example", oauth_audience=AUDIENCE))
    with pytest.raises(ConfigError, match="oauth_algorithms"):
        load_settings(environ={"MCP_SMALLTOOLS_OAUTH_ALGORITHMS": "RS256,HS256"})
