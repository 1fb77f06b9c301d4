"""Resources that a person attaches to a conversation (`@smalltools:smalltools://ledger` in Claude Code).

The ledger is only for the user's own agent, over stdio: a listening server doesn't show one principal the
calls of others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    TextResourceContents,
)

from mcp_smalltools.errors import InternalError, SmallToolsError
from mcp_smalltools.service import Service

JSON = "application/json"
CALLS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _ServerResource:
    name: str
    description: str
    content: Callable[[Service, bool], Any]
    """Called with the service, and whether the agent is remote."""
    for_remote: bool = True


def list_resources(remote: bool) -> ListResourcesResult:
    """`remote`: the agent came through a listening server."""
    return ListResourcesResult(
        resources=[
            Resource(uri=uri, name=page.name, description=page.description, mime_type=JSON)
            for uri, page in _RESOURCES.items()
            if page.for_remote or not remote
        ]
    )


def list_templates() -> ListResourceTemplatesResult:
    return ListResourceTemplatesResult(resource_templates=[])


def read_resource(uri: str, service: Service, remote: bool) -> ReadResourceResult:
    """Raises MCPError for an unknown resource, and for one that this agent may not read."""
    page = _RESOURCES.get(uri)
    if page is None or (remote and not page.for_remote):
        raise MCPError(INVALID_PARAMS, f"There is no resource {uri!r}.", data={"uri": uri})
    try:
        text = json.dumps(page.content(service, remote), ensure_ascii=False)
    except SmallToolsError as error:
        raise MCPError(INTERNAL_ERROR, str(error)) from None
    except Exception as error:  # a bug, or a file that somebody has changed; its text may be of the user's
        raise MCPError(INTERNAL_ERROR, str(InternalError.at(uri, error))) from None
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=JSON, text=text)])


def _ledger(service: Service, remote: bool) -> Any:
    from mcp_smalltools.stores.ledger import open_ledger

    ledger = open_ledger(service.settings)
    try:
        rows = ledger.rows(limit=CALLS_SHOWN)
    finally:
        ledger.close()
    return [
        {
            "call_id": row.call_id,
            "at": round(row.at),
            "tool": row.tool,
            "paths": row.paths,
            "bytes_read": row.bytes_read,
            "chars_left": row.chars_left,
            "chars_saved": row.chars_saved,
            "escalate": row.escalate,
            "error": row.error,
        }
        for row in rows
    ]


def _skills(service: Service, remote: bool) -> Any:
    """Without folders and problems for a remote agent: these name paths of this machine."""
    return [
        {"name": state.name, "kind": state.kind, "in_use": state.in_use}
        | ({} if remote else {"folder": state.folder, "problem": state.problem})
        for state in service.skills()
        if state.in_use or not remote
    ]


def _quality(service: Service, remote: bool) -> Any:
    """The measured scores of each skill that ships."""
    from mcp_smalltools.calibration.scores import FILE, read_quality
    from mcp_smalltools.models.shipped import library_folder

    found: dict[str, Any] = {}
    for path in sorted((library_folder() / "skills").glob(f"*/{FILE}")):
        sets = read_quality(path).evaluation
        found[path.parent.name] = {
            one.set: {"items": one.items, **one.metrics, "command": one.command} for one in sets
        }
    return {name: sets for name, sets in found.items() if sets}


_RESOURCES: Mapping[str, _ServerResource] = {
    "smalltools://ledger": _ServerResource(
        "ledger",
        f"The last {CALLS_SHOWN} calls: what was read, what was answered, what it saved",
        _ledger,
        False,
    ),
    "smalltools://skills": _ServerResource(
        "skills", "The user's own tools (skills), and what is wrong with them", _skills
    ),
    "smalltools://quality": _ServerResource(
        "quality", "Measured quality of each tool: scores by data set, with the command", _quality
    ),
}
