"""Whether a user is asked for a writer: once, and only where one would help."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_smalltools.calibration.writer_advice import WriterAdvice
from mcp_smalltools.config import Settings
from mcp_smalltools.principal import Principal
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.result import Answer
from mcp_smalltools.server.questions.writer_question import ASKED_FILE, WriterQuestion
from mcp_smalltools.service import Service

UNSURE = Answer(call_id="c", escalate=True)
EXTRACT = ToolRequest("extract", {})
ADVICE = WriterAdvice("small-writer", 500_000_000, ("extract whole right 0.40 -> 0.54",))


@dataclass
class AgentOfAPerson:
    """The SDK's context of a call; `says` is what the person answers, "" for a client that can't ask."""

    says: str = "accept"
    asked: list[str] = field(default_factory=list)

    @property
    def context(self) -> Any:
        capabilities = SimpleNamespace(elicitation={} if self.says else None)
        params = SimpleNamespace(capabilities=capabilities)
        return SimpleNamespace(
            session=SimpleNamespace(client_params=params, elicit_form=self._elicit), request_id=1
        )

    async def _elicit(self, question: str, form: Any, request_id: Any) -> Any:
        self.asked.append(question)
        return SimpleNamespace(action=self.says)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models that were fetched."""
    models: list[str] = []
    monkeypatch.setattr(
        "mcp_smalltools.models.catalog.ensure_model", lambda model, settings: models.append(model)
    )
    monkeypatch.setattr(
        "mcp_smalltools.server.questions.writer_question.advice_on_writers", lambda settings: ADVICE
    )
    return models


@pytest.fixture
def service(settings: Settings, tmp_path: Path) -> Service:
    return Service(settings.model_copy(update={"state_dir": tmp_path / "state", "writer": "auto"}))


def wait_for(models: Sequence[str]) -> None:
    end = time.monotonic() + 10
    while not models and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.anyio
async def test_who_says_yes_gets_the_model_and_is_not_asked_again(
    service: Service, fetched: list[str]
) -> None:
    person = AgentOfAPerson("accept")
    await WriterQuestion(service).consider(EXTRACT, UNSURE, 1.0, person.context)
    wait_for(fetched)
    assert fetched == ["small-writer"]
    assert "small-writer (0.5 GB) fits this machine: extract whole right 0.40 -> 0.54" in person.asked[0]
    await WriterQuestion(service).consider(EXTRACT, UNSURE, 1.0, person.context)
    assert len(person.asked) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("says", ["decline", "cancel"])
async def test_who_says_no_is_left_alone_from_then_on(
    service: Service, fetched: list[str], says: str
) -> None:
    person = AgentOfAPerson(says)
    for _ in range(2):
        await WriterQuestion(service).consider(EXTRACT, UNSURE, 1.0, person.context)
    assert len(person.asked) == 1 and not fetched
    assert (service.settings.state_dir / ASKED_FILE).read_text() == f"{says}\n"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("request_", "answer", "seconds", "says"),
    [
        (EXTRACT, Answer(call_id="c"), 1.0, "accept"),
        (EXTRACT, UNSURE, 30.0, "accept"),
        (EXTRACT, UNSURE, 1.0, ""),
        (ToolRequest("parse_log", {}), UNSURE, 1.0, "accept"),
        (ToolRequest("extract", {}, principal=Principal("bob")), UNSURE, 1.0, "accept"),
    ],
    ids=["sure", "late", "a client that can't ask", "no writer helps there", "another machine's agent"],
)
@pytest.mark.usefixtures("fetched")
async def test_nobody_is_asked_where_it_would_not_help_or_not_be_theirs_to_say(
    service: Service, request_: ToolRequest, answer: Answer, seconds: float, says: str
) -> None:
    person = AgentOfAPerson(says)
    await WriterQuestion(service).consider(request_, answer, seconds, person.context)
    assert not person.asked


@pytest.mark.anyio
@pytest.mark.parametrize("change", [{"offline": True}, {"writer": "off"}])
async def test_settings_that_forbid_it_are_heeded(
    service: Service, fetched: list[str], change: dict[str, Any]
) -> None:
    other = Service(service.settings.model_copy(update=change))
    person = AgentOfAPerson("accept")
    await WriterQuestion(other).consider(EXTRACT, UNSURE, 1.0, person.context)
    assert not person.asked and not fetched
