"""All checks of the set-up: each says what was found and, where something is to be done, what."""

from __future__ import annotations

from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.access_checks import (
    check_agent_tokens,
    check_identity_provider,
    check_server_token,
)
from mcp_smalltools.doctor.check import Check
from mcp_smalltools.doctor.client_checks import check_clients
from mcp_smalltools.doctor.engine_checks import check_daemon, check_servers
from mcp_smalltools.doctor.hook_checks import check_hooks
from mcp_smalltools.doctor.installation import check_folders, check_program, check_roots, check_speed
from mcp_smalltools.doctor.ledger_checks import check_ledger
from mcp_smalltools.doctor.model_checks import check_models
from mcp_smalltools.doctor.skill_checks import check_skills, check_trained
from mcp_smalltools.doctor.worker_checks import check_pictures, check_workers
from mcp_smalltools.engine.api import EngineStatus


def examine(settings: Settings, engine: EngineStatus) -> list[Check]:
    """All checks. Loads no model and fetches nothing; one worker is started to see what closes it off."""
    return [
        *check_program(settings),
        *check_speed(settings),
        *check_folders(settings),
        *check_ledger(settings),
        *check_roots(settings),
        *check_workers(settings),
        *check_pictures(settings),
        *check_models(settings),
        *check_skills(settings),
        *check_trained(settings),
        *check_server_token(settings),
        *check_agent_tokens(settings),
        *check_identity_provider(settings),
        *check_clients(settings),
        *check_hooks(settings),
        *(check_servers(engine) if engine.extra.get("endpoints") else check_daemon(engine)),
    ]
