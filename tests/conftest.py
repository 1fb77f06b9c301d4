"""Fixtures: settings that touch nothing of the user's, and one real engine for the whole run."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import hypothesis
import pytest

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

if TYPE_CHECKING:
    from mcp_smalltools.engine.client.client import EngineClient

CallTool = Callable[..., Awaitable[Any]]

# The same examples in each run, so that a change's tests tell of the change; `make fuzz` draws new ones.
# A busy machine is no failure: no clock.
hypothesis.settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("fuzz", deadline=None, print_blob=True)
hypothesis.settings.load_profile("steady")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def base_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Own state and runtime folders; the models are the user's, since they are large and checked by hash."""
    folder = tmp_path_factory.mktemp("smalltools")
    return Settings(
        state_dir=folder / "state",
        runtime_dir=folder / "run",
        skills_dir=folder / "skills",
        engine_dir=folder / "engine",
        engine_install="never",
        engine_idle_s=120,
        writer="off",  # it may be on the user's machine; the tests of it turn it on
    )


@pytest.fixture
def settings(base_settings: Settings, tmp_path: Path) -> Settings:
    """One open root: `tmp_path`. State of its own for each test; the engine is shared by the whole run."""
    return base_settings.model_copy(
        update={
            "roots": (RootSpec(path=tmp_path, level=PrivacyLevel.OPEN),),
            "state_dir": tmp_path.parent / f"{tmp_path.name}-state",
            "skills_dir": tmp_path.parent / f"{tmp_path.name}-skills",
        }
    )


@pytest.fixture(scope="session")
async def engine(base_settings: Settings) -> AsyncIterator[EngineClient]:
    """A client of a real engine daemon that belongs to this test run."""
    from mcp_smalltools.engine.client.client import EngineClient

    client = EngineClient(base_settings)
    yield client
    await client.shutdown()
    await client.close()


@pytest.fixture
async def call_tool(settings: Settings, engine: EngineClient) -> AsyncIterator[CallTool]:
    """Calls a tool by name through a service with the real engine."""
    service = Service(settings, engine)

    async def call(tool: str, **arguments: Any) -> Any:
        return await service.call(ToolRequest(tool, arguments))

    yield call
    await service.close()


@pytest.fixture
async def usage_error_of(settings: Settings) -> AsyncIterator[CallTool]:
    """The error of a call with wrong arguments; no engine may be needed to find it."""
    service = Service(settings)

    async def call(tool: str, **arguments: Any) -> UsageError:
        with pytest.raises(UsageError) as caught:
            await service.call(ToolRequest(tool, arguments))
        return caught.value

    yield call
    await service.close()


@pytest.fixture
def call_once() -> Callable[[Settings, ToolRequest], Any]:
    """Calls a tool through a service of its own, outside an event loop."""

    async def call(settings: Settings, request: ToolRequest) -> Any:
        service = Service(settings)
        try:
            return await service.call(request)
        finally:
            await service.close()

    return lambda settings, request: anyio.run(call, settings, request)


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_user() -> Iterator[None]:
    """The run doesn't depend on the environment or the config file of whoever runs it."""
    saved = {name: value for name, value in os.environ.items() if name.startswith("MCP_SMALLTOOLS_")}
    for name in saved:
        if name != "MCP_SMALLTOOLS_MODEL_DIR":
            del os.environ[name]
    os.environ["MCP_SMALLTOOLS_CONFIG"] = os.devnull
    os.environ["MCP_SMALLTOOLS_SKILLS_DIR"] = str(Path(os.devnull) / "no skills")
    # The engine under test is the one beside the program, and no test sets off an installation.
    os.environ["MCP_SMALLTOOLS_ENGINE_DIR"] = str(Path(os.devnull) / "no engine")
    os.environ["MCP_SMALLTOOLS_ENGINE_INSTALL"] = "never"
    yield
    os.environ.update(saved)


@pytest.fixture(autouse=True)
def _stays_in_its_folder() -> Iterator[None]:
    """A test that leaves the working folder changed breaks those after it, far from the cause."""
    before = Path.cwd()
    yield
    after = Path.cwd()
    os.chdir(before)
    assert after == before, f"the test left the working folder at {after}"
