"""Asks the user, once, whether a writer may be fetched: when a call came out unsure where one helps."""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

import anyio

from mcp_smalltools.calibration.qualification import AUTO, skills_with_writers
from mcp_smalltools.calibration.writer_advice import WriterAdvice, advice_on_writers
from mcp_smalltools.errors import SmallToolsError
from mcp_smalltools.private_files import make_private_folder
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.result import Answer
from mcp_smalltools.server.questions.elicitation import ask, can_ask
from mcp_smalltools.service import Service

ASKED_FILE: Final = "writer-asked"
"""In the state folder, once the user was asked. A person is not asked twice."""
LATEST_S: Final = 15.0
"""A call that took longer leaves a person no time to answer in before the client gives up."""


class WriterQuestion:
    """The model is fetched in the background; the call that made us ask is answered as it is."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._asked = False

    async def consider(self, request: ToolRequest, answer: Answer, seconds: float, context: Any) -> None:
        """Ask, if this is the time for it, and begin to fetch where the user says yes."""
        if self._asked or not answer.escalate or seconds > LATEST_S or not can_ask(request, context):
            return
        advice = await anyio.to_thread.run_sync(self._advice, request.tool)
        if advice is None:
            return
        self._asked = True
        said = await ask(
            f"{request.tool} was not sure. {advice.sentence()}. Fetch this model now, in the background? It "
            "reads on this machine. You are asked this once.",
            context,
        )
        if said is not None:
            await anyio.to_thread.run_sync(self._remember, said)
        if said == "accept":
            threading.Thread(target=self._fetch, args=(advice.model,), daemon=True).start()

    def _advice(self, tool: str) -> WriterAdvice | None:
        settings = self._service.settings
        if settings.offline or settings.writer != AUTO or tool not in skills_with_writers(settings):
            return None
        if (settings.state_dir.expanduser() / ASKED_FILE).exists():
            return None
        return advice_on_writers(settings)

    def _remember(self, said: str) -> None:
        folder = self._service.settings.state_dir.expanduser()
        make_private_folder(folder)
        (folder / ASKED_FILE).write_text(f"{said}\n", encoding="utf-8")

    def _fetch(self, model: str) -> None:
        from mcp_smalltools.models.catalog import ensure_model

        try:
            ensure_model(model, self._service.settings)
            print(f"mcp-smalltools: {model} is here and reads along from now on.", file=sys.stderr)
        except SmallToolsError as error:
            print(f"mcp-smalltools: {model} could not be fetched: {error}", file=sys.stderr)
