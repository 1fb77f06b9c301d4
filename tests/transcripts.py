"""Transcripts in the form of Claude Code (2.1.330) and Codex (0.171), with words of our own."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

MODEL = "claude-opus-5-5"
CLIPPED = 10_000
PERSISTED = 30_000


class ClaudeSession:
    """Writes one session, call by call. `usage` is what the stand-in for the model's server would note."""

    def __init__(self, name: str, cwd: Path, *, model: str = MODEL, cached: bool = True) -> None:
        self.name, self.cwd, self.model, self.cached = name, cwd, model, cached
        self.lines: list[str] = []
        self._numbers = itertools.count(1)
        self._requests = 0
        self.other({"type": "queue-operation", "operation": "enqueue", "content": "go"})
        self.user("go")

    def other(self, record: dict[str, Any]) -> None:
        self.lines.append(json.dumps({**record, "sessionId": self.name}))

    def user(self, content: Any, response: Any = None, **more: Any) -> None:
        message = {"role": "user", "content": content}
        record = {"type": "user", "message": message, "cwd": str(self.cwd), "isSidechain": False, **more}
        self.other(record | ({} if response is None else {"toolUseResult": response}))

    def ask(self, block: dict[str, Any], **more: Any) -> None:
        """An answer of the model's."""
        self._requests += 1
        cached = {"cache_creation_input_tokens": 40, "cache_read_input_tokens": 100 * self._requests}
        usage = {"input_tokens": 3, "output_tokens": 7, **(cached if self.cached else {})}
        message = {"id": f"msg_{self.name}_{self._requests}", "role": "assistant", "model": self.model}
        message |= {"content": [block], "usage": usage}
        record = {"type": "assistant", "message": message, "cwd": str(self.cwd), "isSidechain": False}
        self.other(record | more)

    def call(self, tool: str, arguments: dict[str, Any], shown: str, response: Any, **more: Any) -> str:
        number = f"toolu_{self.name}_{next(self._numbers)}"
        self.ask({"type": "tool_use", "id": number, "name": tool, "input": arguments})
        result = {"type": "tool_result", "tool_use_id": number, "content": shown}
        self.user([result | more], response)
        return number

    def bash(self, command: str, output: str, *, code: int = 0, aside: str = "") -> str:
        """A command: cut where it failed with much output, put aside at `aside` where it went well."""
        arguments = {"command": command, "description": "x"}
        if code:
            shown = output[:PERSISTED]
            if len(shown) > CLIPPED:
                left_out = len(shown) - CLIPPED
                shown = f"{shown[:5000]}\n\n... [{left_out} characters truncated] ...\n\n{shown[-5000:]}"
            shown = f"Exit code {code}\n{shown}"
            return self.call("Bash", arguments, shown, f"Error: {shown}", is_error=True)
        response = {"stdout": output[:PERSISTED], "stderr": "", "interrupted": False, "isImage": False}
        if not aside:
            return self.call("Bash", arguments, output, response)
        head = f"Output too large. Full output saved to: {aside}\n\nPreview (first 2KB):\n"
        shown = f"<persisted-output>\n{head}{output[:2000]}"
        response |= {"persistedOutputPath": aside, "persistedOutputSize": len(output)}
        return self.call("Bash", arguments, f"{shown}\n...\n</persisted-output>", response)

    def read(self, path: str, content: str, *, start: int = 1, total: int = 0) -> str:
        lines = content.split("\n")
        shown = "\n".join(f"{number}\t{line}" for number, line in enumerate(lines, start))
        file = {"filePath": path, "content": content, "numLines": len(lines), "startLine": start}
        file["totalLines"] = total or len(lines)
        return self.call("Read", {"file_path": path}, shown, {"type": "text", "file": file})

    def edit(self, path: str, line: int) -> str:
        arguments = {"file_path": path, "old_string": "a", "new_string": "b"}
        hunk = {"oldStart": max(1, line - 3), "oldLines": 7, "newStart": 1, "newLines": 7, "lines": []}
        response = {"filePath": path, "structuredPatch": [hunk]}
        return self.call("Edit", arguments, f"The file {path} has been updated.", response)

    def told(self, call: str, text: str) -> None:
        attached = {"type": "hook_additional_context", "content": [text], "toolUseID": call}
        self.other({"type": "attachment", "attachment": attached})

    def compacted(self) -> None:
        self.other({"type": "system", "subtype": "compact_boundary", "isSidechain": False})

    def write(self, folder: Path, *, end: str = "done") -> Path:
        """The file, below a folder of projects; the model's last word first."""
        if end:
            self.ask({"type": "text", "text": end})
        path = folder / "-project" / f"{self.name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in self.lines), encoding="utf-8")
        return path


def codex_session(folder: Path, name: str, cwd: Path, commands: list[tuple[str, str, int]]) -> Path:
    """A session of Codex with these commands: the command, what it prints, its exit code."""
    lines: list[dict[str, Any]] = [
        {"type": "session_meta", "payload": {"id": name, "cwd": str(cwd), "cli_version": "0.171.0"}},
        {"type": "turn_context", "payload": {"cwd": str(cwd), "model": "gpt-5-codex"}},
    ]

    def item(payload: dict[str, Any], kind: str = "response_item") -> None:
        lines.append({"timestamp": "2026-11-30T09:22:00.417Z", "type": kind, "payload": payload})

    item({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]})
    for number, (command, output, code) in enumerate(commands):
        call = {"type": "function_call", "name": "exec_command", "call_id": f"call_{number}"}
        item(call | {"arguments": json.dumps({"cmd": command})})
        usage = {"input_tokens": 100, "cached_input_tokens": 60, "output_tokens": 7}
        item({"usage": usage | {"cache_write_input_tokens": 0}}, "token_usage_record")
        ended = {"type": "CommandExecution", "id": f"call_{number}", "aggregated_output": output}
        item({"type": "item_completed", "item": ended | {"exit_code": code}}, "event_msg")
        cut = len(output) > 40_000
        shown = f"{output[:20_000]}…9999 tokens truncated…{output[-20_000:]}" if cut else output
        head = f"Wall time: 0.1 seconds\nProcess exited with code {code}\nOutput:\n"
        item({"type": "function_call_output", "call_id": f"call_{number}", "output": head + shown})
    path = folder / "2026" / "11" / "30" / f"rollout-{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path
