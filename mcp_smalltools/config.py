"""Settings, from defaults < config file < environment < flags. A bad value is an error that names it."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mcp_smalltools.errors import ConfigError
from mcp_smalltools.level import PrivacyLevel

ENV_PREFIX = "MCP_SMALLTOOLS_"
_APP = "mcp-smalltools"


class RootSpec(BaseModel):
    """A folder that tools may read, and what may leave of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    level: PrivacyLevel = PrivacyLevel.REDACTED
    walked: bool = True
    """Whether its files are found without being named: by a relative path, or in a list of all files."""

    @classmethod
    def parse(cls, text: str, default: PrivacyLevel = PrivacyLevel.REDACTED) -> Self:
        """Read `DIR` or `DIR:LEVEL`. A colon without a level after it belongs to the path (`C:\\work`)."""
        folder, colon, level = text.rpartition(":")
        if colon and level in set(PrivacyLevel):
            return cls(path=Path(folder), level=PrivacyLevel(level))
        return cls(path=Path(text), level=default)


class Settings(BaseModel):
    """All settings. Each can be set in the config file by its name, or as `MCP_SMALLTOOLS_<NAME>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roots: tuple[RootSpec, ...] = Field(
        (),
        description="folders that may be read, as DIR or DIR:LEVEL; default: the folder the agent works in",
    )
    privacy: PrivacyLevel = Field(PrivacyLevel.REDACTED, description="privacy level of roots that name none")
    output_dir: Path | None = Field(
        None, description="where exports are written; default: `exports` in the state folder"
    )
    state_dir: Path = Field(
        default_factory=lambda: platformdirs.user_state_path(_APP),
        description="ledger, cache, tokens, exports",
    )
    model_dir: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path(_APP) / "models", description="downloaded models"
    )
    skills_dir: Path = Field(
        default_factory=lambda: platformdirs.user_config_path(_APP) / "skills",
        description="tools of your own, a folder with a skill.toml each (docs/skills.md)",
    )
    max_tools: int = Field(10, ge=1, le=100, description="tools that agents are offered; your own come last")
    hide_tools: tuple[str, ...] = Field(
        (), description="names of tools that agents are not offered, to make room for your own"
    )
    outputs_dir: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path(_APP) / "outputs",
        description="outputs of the agent's commands, kept by the hook `keep` (docs/hooks.md)",
    )
    read_outputs: bool = Field(
        False,
        description="outputs of commands that the agent's client or `keep` has put aside may be read, at the "
        "level of the folder that the agent works in",
    )
    outputs_mb: int = Field(512, ge=1, description="maximum size in MB of the kept outputs, together")
    outputs_days: int = Field(3, ge=1, description="days that an output is kept")
    hook_s: float = Field(
        2.0,
        gt=0.1,
        le=60,
        description="seconds that a hook of an agent's client may take; set it in the environment",
    )
    runtime_dir: Path = Field(
        default_factory=lambda: _runtime_dir(),  # noqa: PLW0108 - it is defined below
        description="the engine's socket and token",
    )
    offline: bool = Field(
        False, description="never fetch a model or the engine; everything else works without a network anyway"
    )
    generate_model: str = Field(
        "smollm2-135m-instruct",
        description="model that writes where a call names none; its name on the servers of engine_urls",
    )
    writer: str = Field(
        "auto",
        description="model that reads along with the encoder where it qualified (docs/models.md): `auto` is "
        "the best one that is here and not too slow for the cores, `off` none; or its id",
    )
    embed_model: str = Field(
        "all-minilm-l6-v2",
        description="encoder that the tools use; their confidence was calibrated on the default one",
    )
    deadline_s: float = Field(
        55.0, gt=0, le=3600, description="seconds after which a call answers with what it has so far"
    )
    workers: int = Field(
        default_factory=lambda: max(2, min(4, os.cpu_count() or 1)),
        ge=0,
        le=64,
        description="processes of a server that read files, at most; 0 reads them in the server itself",
    )
    worker_memory_mb: int = Field(
        3072, ge=512, description="memory that such a process may take, in MB, helpers not counted"
    )
    sealed_pictures: bool = Field(
        False, description="read pictures and PDF files in sealed folders too (docs/pictures.md)"
    )
    max_answer_chars: int = Field(
        24_000, ge=1_000, description="maximum size of an answer's JSON in characters"
    )
    redact_patterns: tuple[str, ...] = Field(
        (),
        description="regular expressions (RE2 syntax) whose matches are masked as well; in the environment, "
        "one per line",
    )
    cache: bool = Field(True, description="answer from the cache when files, tool and arguments are the same")
    cache_mb: int = Field(256, ge=1, description="maximum size of the answer cache, in MB")
    ledger_days: int = Field(90, ge=1, description="days that rows of the ledger are kept")
    ledger_mb: int = Field(
        1024, ge=1, description="maximum size of the ledger, in MB; beyond it the oldest rows are deleted"
    )
    price_model: str = Field(
        "claude-opus-5-5",
        description="model whose published price and speed the ledger compares with, by its name in the "
        "table of prices",
    )
    prices_file: Path | None = Field(
        None, description="TOML file with prices that stand before those that ship (docs/ledger.md)"
    )
    export_mb: int = Field(
        4096, ge=1, description="maximum size in MB of the exports of one caller, together"
    )
    export_files: int = Field(1000, ge=1, description="exports that one caller may have")
    unrecorded: Literal["local", "all", "none"] = Field(
        "local",
        description="who still gets answers when the ledger can't be written: `local` (stdio and the command "
        "line, with a warning), `all` or `none`",
    )
    http_max_body_mb: int = Field(
        16, ge=1, le=256, description="maximum size in MB of a request to a listening server"
    )
    http_max_sessions: int = Field(
        200, ge=1, description="open SSE streams and sessions of older streamable HTTP, of all tokens"
    )
    http_sessions_each: int = Field(
        16, ge=1, description="those of one token; for one more, its idlest is closed"
    )
    http_sessions_per_minute: int = Field(
        120, ge=0, description="those that one token may open in a minute; 0 sets no limit"
    )
    http_connections_each: int = Field(
        512, ge=1, description="connections of one address; for one more, its idlest is closed"
    )
    http_requests_per_minute: int = Field(
        1200, ge=0, description="requests per minute of one token; 0 sets no limit"
    )
    http_open_requests: int = Field(
        128, ge=1, description="requests and streams that a token may have open at once"
    )
    http_calls_per_minute: int = Field(
        0, ge=0, description="calls per minute for tokens of the identity provider; 0 sets no limit"
    )
    http_calls_at_once: int = Field(16, ge=1, description="calls that run at once, of all tokens together")
    http_calls_at_once_each: int = Field(8, ge=1, description="calls of one token that run at once")
    http_calls_waiting_each: int = Field(64, ge=0, description="calls of one token that may wait to run")
    http_open_metrics: bool = Field(False, description="answer /metrics without a token")
    oauth_issuer: str = Field("", description="URL of the identity provider whose access tokens are accepted")
    oauth_audience: str = Field("", description="required `aud` of its tokens: this server's URL")
    oauth_scopes: tuple[str, ...] = Field((), description="scopes that its tokens must have")
    oauth_jwks_url: str = Field("", description="URL of its keys; default: from its discovery document")
    oauth_algorithms: tuple[Literal["RS256", "PS256", "ES256", "ES384", "EdDSA"], ...] = Field(
        ("RS256", "ES256", "EdDSA"), description="signature algorithms that are accepted", min_length=1
    )
    engine_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path(_APP) / "engine",
        description="the engine's own environment, made by `engine install` (docs/engine.md)",
    )
    engine_install: Literal["auto", "wheels", "never"] = Field(
        "auto",
        description="whether a missing engine is installed in the background when a call first needs it: "
        "`auto`, with `wheels` nothing is compiled, or `never`",
    )
    engine_idle_s: float = Field(600.0, gt=0, description="seconds without requests until the engine exits")
    engine_threads: int = Field(0, ge=0, description="threads of the engine; 0 chooses by measurement")
    engine_gpu_layers: int = Field(-1, ge=-1, description="layers on the GPU; -1 chooses by free memory")
    engine_memory_mb: int = Field(
        0, ge=0, description="memory in MB at which the engine restarts; 0 is half of the machine's"
    )

    engine_urls: tuple[str, ...] = Field(
        (), description="OpenAI-compatible servers in place of the engine on this machine (docs/scaling.md)"
    )
    engine_dialect: str = Field(
        "openai",
        description="kind of these servers: vllm, ray-serve, sglang, llama-server, ollama, lm-studio, openai",
    )
    engine_api_key_env: str = Field(
        "", description="environment variable that holds their API key; the key itself is never stored"
    )
    skill_hosts: tuple[str, ...] = Field(
        (), description="names of hosts that `skills install` may fetch skills from, over https"
    )
    allow_remote_engines: tuple[str, ...] = Field(
        (), description="names of hosts outside this machine that text of files may be sent to"
    )

    @field_validator("redact_patterns", mode="before")
    @classmethod
    def _lines_from_text(cls, value: Any) -> Any:
        """In the environment, one pattern per line, since a pattern may contain any other character."""
        return [line for line in value.split("\n") if line] if isinstance(value, str) else value

    @field_validator(
        "engine_urls",
        "allow_remote_engines",
        "skill_hosts",
        "hide_tools",
        "oauth_scopes",
        "oauth_algorithms",
        mode="before",
    )
    @classmethod
    def _list_from_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("roots", mode="before")
    @classmethod
    def _roots_from_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part for part in value.split(os.pathsep if os.name != "nt" else ";") if part]
        if isinstance(value, (list, tuple)):
            return [RootSpec.parse(item) if isinstance(item, str) else item for item in value]
        return value

    @property
    def export_dir(self) -> Path:
        """The folder that exports are written to."""
        return self.output_dir or self.state_dir / "exports"

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """Folders of ours, which no root opens: they hold tokens, the ledger, and others' exports."""
        config = default_config_file().parent
        return (self.state_dir, self.runtime_dir, self.model_dir, self.export_dir, config)

    @property
    def effective_roots(self) -> tuple[RootSpec, ...]:
        """The roots, or the folder that the agent works in if none is set.

        None where that is a home folder or the whole file system: nobody means all of it.
        """
        if self.roots:
            return self.roots
        folder = working_folder()
        return () if _is_too_wide(folder) else (RootSpec(path=folder, level=self.privacy),)


def with_client_roots(settings: Settings, folders: Sequence[Path]) -> Settings:
    """The settings with the client's folders as roots, at the default level, where they have none."""
    usable = [folder for folder in folders if folder.is_absolute() and not _is_too_wide(folder)]
    if settings.effective_roots or not usable:
        return settings
    roots = tuple(RootSpec(path=folder, level=settings.privacy) for folder in usable)
    return settings.model_copy(update={"roots": roots})


def working_folder() -> Path:
    """The folder that the agent works in."""
    return Path(os.environ.get("CLAUDE_PROJECT_DIR") or Path.cwd())


def no_root() -> ConfigError:
    """What to raise where no root is named and the working folder is too wide to be one."""
    return ConfigError(
        f"No folder is named that may be read, and the working folder {working_folder()} is too wide: it is "
        "a home folder or the whole file system.",
        remedy="Start the server with --root DIR, set roots in the configuration, or start it in a project.",
    )


def _is_too_wide(folder: Path) -> bool:
    real = Path(os.path.realpath(folder))
    return real == Path(real.anchor) or real == Path(os.path.realpath(Path.home()))


def _runtime_dir() -> Path:
    """The user's runtime folder, or one in our state folder: never a guessable name in /tmp."""
    if sys.platform == "linux" and not os.environ.get("XDG_RUNTIME_DIR"):
        return platformdirs.user_state_path(_APP) / "run"
    return platformdirs.user_runtime_path(_APP)


def default_config_file() -> Path:
    """The config file that is read when none is named."""
    return platformdirs.user_config_path(_APP) / "config.toml"


def load_settings(
    *,
    config_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge the layers into one frozen record.

    `flags` that are None are taken as not given. Raises ConfigError naming the layer and the setting.
    """
    environ = os.environ if environ is None else environ
    origin: dict[str, str] = {}
    values: dict[str, Any] = {}

    def layer(items: Mapping[str, Any], where: str) -> None:
        for name, value in items.items():
            if value is not None:
                values[name] = value
                origin[name] = where

    layer(*_read_config_file(config_file, environ))
    known = {name: environ.get(ENV_PREFIX + name.upper()) for name in Settings.model_fields}
    for name, text in known.items():
        if text is not None:
            layer({name: text}, f"environment variable {ENV_PREFIX}{name.upper()}")
    layer(flags or {}, "command line")
    if isinstance(values.get("privacy"), str) and isinstance(values.get("roots"), (str, list, tuple)):
        values["roots"] = _with_default_level(values["roots"], values["privacy"])
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        where = origin.get(name, "configuration")
        if first["type"] == "extra_forbidden":
            raise ConfigError(
                f"{where}: there is no setting {name!r}.",
                remedy=f"Settings are: {', '.join(Settings.model_fields)}.",
            ) from None
        raise ConfigError(
            f"{where}: {name} = {values.get(name)!r} can't be used: {first['msg']}.",
            remedy=f"{name} is: {Settings.model_fields[name].description}.",
        ) from None


def _with_default_level(roots: str | list[Any] | tuple[Any, ...], level: str) -> list[Any]:
    if level not in set(PrivacyLevel):
        return list(roots)
    items = roots.split(os.pathsep if os.name != "nt" else ";") if isinstance(roots, str) else roots
    return [
        RootSpec.parse(item, PrivacyLevel(level)) if isinstance(item, str) else item for item in items if item
    ]


def _read_config_file(named: Path | None, environ: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    from_env = environ.get(ENV_PREFIX + "CONFIG")
    path = named or (Path(from_env) if from_env else default_config_file())
    where = f"config file {path}"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), where
    except FileNotFoundError:
        if named or from_env:
            raise ConfigError(f"{where}: no such file.", remedy="Name an existing TOML file.") from None
        return {}, where
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{where} can't be read: {error}.", remedy="Correct it, or name another file with --config."
        ) from None
