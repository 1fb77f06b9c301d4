"""Checks of who may call a listening server: tokens and the identity provider."""

from __future__ import annotations

import stat
import time
from collections import Counter
from collections.abc import Iterator

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.errors import ConfigError


def check_server_token(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.server.http.auth import bearer_token, token_file

    path = token_file(settings)
    if not path.exists():
        yield Check("token for remote agents", CheckState.OK, f"none yet; the first serve makes it ({path})")
        return
    try:
        bearer_token(settings)
        mode = stat.S_IMODE(path.stat().st_mode)
        yield Check("token for remote agents", CheckState.OK, f"{path} (mode {mode:o})")
    except ConfigError as error:
        yield Check("token for remote agents", CheckState.WRONG, error.message, error.remedy)


def check_agent_tokens(settings: Settings) -> Iterator[Check]:
    """Those of `tokens create`; nothing to say where there are none."""
    from mcp_smalltools.server.http.token_store import TokenStore, store_file

    if not store_file(settings).exists():
        return
    try:
        store = TokenStore(settings)
    except ConfigError as error:
        yield Check("agents' own tokens", CheckState.WRONG, error.message, error.remedy)
        return
    tokens = store.all()
    store.close()
    states = Counter(token.state(time.time()) for token in tokens)
    found = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none"
    yield Check("agents' own tokens", CheckState.OK, f"{found} (`mcp-smalltools tokens list`)")


def check_identity_provider(settings: Settings) -> Iterator[Check]:
    from mcp_smalltools.server.http.oauth import ResourceServer

    if settings.oauth_issuer:
        try:
            provider = ResourceServer(settings)
            found = f"{provider.issuer}, for {provider.audience}"
            yield Check("identity provider", CheckState.OK, found)
        except ConfigError as error:
            yield Check("identity provider", CheckState.WRONG, error.message, error.remedy)
