"""Which of the agent's own calls are looked at, and what is answered."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_smalltools.config import Settings
from mcp_smalltools.hooks.agent_session import client_folder
from mcp_smalltools.hooks.event import HookEvent
from mcp_smalltools.hooks.fields import text_of_field
from mcp_smalltools.hooks.guard.journal import GuardEntry, GuardJournal
from mcp_smalltools.hooks.guard.masks import ResultMasker, ShownLines, files_shown
from mcp_smalltools.hooks.guard.named_paths import RunningCommand, all_paths, running_commands
from mcp_smalltools.hooks.guard.path_levels import PathLevels, either_way, resolved, strictest
from mcp_smalltools.hooks.guard.refused_calls import (
    EDITS,
    FILE_TOOLS,
    SEALED_REMEDY,
    Refusal,
    refused_command,
    refused_edit,
    refused_file,
    refused_mask,
)
from mcp_smalltools.hooks.guard.withheld import GUARDED
from mcp_smalltools.hooks.reply import HookReply
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.text.visible import escaped_name

_SHELL: Final = "Bash"
_SHOWN_FOLDERS: Final = 5
_MASKS_NOTE: Final = (
    "Values shown as <SECRET_1> and the like are masks: the files hold the values. To edit such a line, "
    "choose an old_string that leaves the mask out; never write a mask."
)
"""Said at the start: the client itself refuses an edit of a mask, before it asks us, and gives no reason."""
_SEALED_NOTE: Final = (
    "Lines of sealed folders are shown as templates: <*> stands for each word and number that could be "
    "private."
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Answers one event of a session. `environ` is the client's, as far as it is passed on."""

    settings: Settings
    environ: Mapping[str, str]
    journal: GuardJournal

    def answer(self, event: HookEvent) -> HookReply:
        """What is said to the client. Raises ConfigError."""
        if event.name == "SessionStart":
            return HookReply(context=" ".join(filter(None, (_MASKS_NOTE, self._sealed_folders()))))
        if event.name == "PreToolUse":
            return self._before(event)
        if event.name == "PostToolUse" and event.tool in GUARDED:
            return self._after(event)
        if event.name == "PostToolUseFailure" and event.tool in GUARDED:
            return self._after_failure(event)
        return HookReply()

    def _sealed_folders(self) -> str:
        """What an agent is told at the start: where its client's own rules refuse it, they give no reason."""
        sealed = [
            str(root.path) for root in self.settings.effective_roots if root.level is PrivacyLevel.SEALED
        ]
        if not sealed:
            return ""
        names = escaped_name(", ".join(sealed[:_SHOWN_FOLDERS]))
        return (
            f"Sealed folders: {names}. No text of their files may be "
            f"shown: Read, Grep, Glob and commands that show files are refused there. {SEALED_REMEDY}"
        )

    def _before(self, event: HookEvent) -> HookReply:
        began = time.monotonic()
        refusal = self._refusal(event)
        if refusal is None:
            return HookReply()
        self._note_refusal(event, refusal, began)
        return HookReply(refusal=refusal.reason)

    def _refusal(self, event: HookEvent) -> Refusal | None:
        """Why a call may not be made; None where it may."""
        cwd, levels = Path(event.cwd or "/"), self._levels()
        if event.tool in EDITS:
            return refused_edit(event.tool, event.arguments, cwd)
        if event.tool in FILE_TOOLS:
            return refused_file(event.tool, event.arguments, cwd, levels)
        if event.tool == _SHELL:
            command = text_of_field(event.arguments, "command")
            commands = running_commands(command, cwd, self.environ)
            return refused_mask(command, commands) or refused_command(commands, levels)
        return None

    def _note_refusal(self, event: HookEvent, refusal: Refusal, began: float) -> None:
        cwd = Path(event.cwd or "/")
        path = refusal.path or cwd
        level = self._levels().level(path, cwd)
        entry = GuardEntry("refused", event.tool, [str(path)], level, {}, refusal.reason)
        self.journal.write(entry, self.settings, time.monotonic() - began)

    def _after(self, event: HookEvent) -> HookReply:
        masked, masker = self._masked(event, event.response, event.response, "masked")
        if masked == event.response:
            return HookReply()
        return HookReply(output=masked, context=_SEALED_NOTE if masker and masker.sealed_lines else "")

    def _after_failure(self, event: HookEvent) -> HookReply:
        """What a failing command prints can't be replaced: it is counted, and the user is told."""
        masked, masker = self._masked(event, event.error, {"stdout": event.error}, "shown")
        if masker is None or masked == event.error:
            return HookReply()
        return HookReply(message=_failure_message(masker.counts))

    def _masked(
        self, event: HookEvent, value: Any, response: Mapping[str, Any], done: str
    ) -> tuple[Any, ResultMasker | None]:
        """A result masked, and what masked it, None where everything may be shown. What differs is written
        into the journal as `done`. `response`: the result in the client's shape.
        """
        began = time.monotonic()
        shown = self._shown(event, response)
        if shown.level is PrivacyLevel.OPEN and not shown.levels.has_sealed:
            return value, None
        masker = ResultMasker(self.settings, shown.level)
        masker.learn(shown.files)
        masked = masker.masked(value, shown.is_sealed)
        if masked != value:
            entry = GuardEntry(done, event.tool, shown.names, shown.level, masker.counts)
            self.journal.write(entry, self.settings, time.monotonic() - began)
        return masked, masker

    def _levels(self) -> PathLevels:
        outputs = [self.settings.outputs_dir, client_folder(self.environ) / "projects"]
        return PathLevels.of(self.settings, outputs)

    def _shown(self, event: HookEvent, response: Mapping[str, Any]) -> _Shown:
        cwd, levels = Path(event.cwd or "/"), self._levels()
        commands: Sequence[RunningCommand] = ()
        named: list[Path] = []
        lines: dict[Path, ShownLines] = {}
        if event.tool == _SHELL:
            commands = running_commands(text_of_field(event.arguments, "command"), cwd, self.environ)
            named = all_paths(list(commands))
        for argument in FILE_TOOLS.get(event.tool, ()):
            for meant in either_way(text_of_field(event.arguments, argument), cwd):
                named.append(meant)
                lines[meant] = _lines_of(meant, response)
        folders = list(dict.fromkeys([cwd, *(command.cwd for command in commands)]))
        below = [*folders, *(path for path in named if path.is_dir())]
        for name in files_shown(response):
            for folder in below[:8]:
                path = resolved(name, folder)
                if path is not None and path.is_file():
                    lines.setdefault(path, ShownLines(path))
        for path in named:
            if path.is_file():
                lines.setdefault(path, ShownLines(path))
        decisive = named if event.tool in FILE_TOOLS and named else [*folders, *named]
        level = strictest([levels.level(path, cwd) for path in decisive])
        return _Shown(
            level, list(lines.values()), levels, below, cwd, [str(path) for path in named[:8]] or [str(cwd)]
        )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a result shows, as far as that is known."""

    level: PrivacyLevel
    files: list[ShownLines]
    levels: PathLevels
    folders: list[Path]
    """Folders that names of files in the result may be relative to."""
    cwd: Path
    names: list[str]

    def is_sealed(self, name: str) -> bool:
        """Whether a file is sealed, of which a tool shows a line."""
        if not self.levels.has_sealed:
            return False
        paths = [path for folder in self.folders[:8] if (path := resolved(name, folder)) is not None]
        return any(
            self.levels.level(path, self.cwd) is PrivacyLevel.SEALED and path.exists() for path in paths
        )


def _lines_of(path: Path, response: Mapping[str, Any]) -> ShownLines:
    """The lines of a file that the client's Read says that it shows."""
    file = response.get("file")
    first, number = (
        (file.get("startLine"), file.get("numLines")) if isinstance(file, Mapping) else (None, None)
    )
    if isinstance(first, int) and isinstance(number, int):
        return ShownLines(path, first, first + number)
    return ShownLines(path)


def _failure_message(counts: Mapping[str, int]) -> str:
    number = sum(counts.values())
    what = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    return (
        f"smalltools guard: what the failed command printed holds {number:,} values that should be masked "
        f"({what}). The model sees them: the client lets nothing replace the output of a failed command."
    )
