"""parse_log on any pair of logs, any `since` and any focus: an answer or a usage error, no fault of ours."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from log_forms import SINCES, logs

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import InternalError, SmallToolsError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.parse_log.answer import ParseLogAnswer


@dataclass(frozen=True)
class OpenRoot:
    """A service in this process, and the folder that it reads."""

    portal: BlockingPortal
    service: Service
    root: Path

    def write(self, text: str) -> str:
        name = f"{uuid.uuid4().hex}.log"
        (self.root / name).write_text(text, encoding="utf-8", newline="")
        return name

    def parse(self, path: str, **arguments: Any) -> ParseLogAnswer | None:
        """The answer; None for a usage error."""
        request = ToolRequest("parse_log", {"path": path, **arguments}, deadline_s=60)
        try:
            answer = self.portal.call(self.service.call, request)
        except SmallToolsError as error:
            assert not isinstance(error, InternalError), error
            assert error.remedy
            return None
        assert isinstance(answer, ParseLogAnswer)
        return answer


@pytest.fixture(scope="module")
def open_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenRoot]:
    folder = tmp_path_factory.mktemp("pairs")
    (folder / "root").mkdir()
    settings = Settings(
        roots=(RootSpec(path=folder / "root", level=PrivacyLevel.OPEN),),
        state_dir=folder / "state",
        runtime_dir=folder / "run",
        skills_dir=folder / "skills",
        cache=False,
    )
    with start_blocking_portal() as portal:
        service = portal.call(lambda: _service(settings))
        yield OpenRoot(portal, service, folder / "root")
        portal.call(service.close)


async def _service(settings: Settings) -> Service:
    return Service(settings, FakeEngine())


@given(logs(), logs(), st.sampled_from(("", "", "errors and timeouts", "zq")))
@budget(max_examples=60)
def test_any_two_logs_can_be_compared(open_root: OpenRoot, old: str, new: str, focus: str) -> None:
    baseline, path = open_root.write(old), open_root.write(new)
    answer = open_root.parse(path, baseline_path=baseline, focus=focus)
    assert answer is not None
    assert answer.records == sum(answer.levels.values()) if answer.levels else True


@given(logs(), SINCES, st.sampled_from(("", "", "errors and timeouts")))
@budget(max_examples=100)
def test_any_since_is_answered_or_refused_with_what_to_do(
    open_root: OpenRoot, text: str, since: str, focus: str
) -> None:
    open_root.parse(open_root.write(text), since=since, focus=focus)


@given(logs(), logs())
@budget(max_examples=25)
def test_the_rest_of_a_log_in_another_form_can_be_read(open_root: OpenRoot, first: str, rest: str) -> None:
    path = open_root.write(first)
    assert open_root.parse(path, since="last") is not None
    with (open_root.root / path).open("a", encoding="utf-8", newline="") as file:
        file.write(rest)
    assert open_root.parse(path, since="last") is not None
