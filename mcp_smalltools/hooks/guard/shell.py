"""A shell command, taken apart into programs and their words, as far as that is possible without a shell.

One look at each character. What only a shell can know (the values of variables that are set elsewhere, what a
command prints that stands in another) stays as it is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MOST_CHARS: Final = 100_000
"""Of a longer command, such as one with a long here-document, the start."""
_BLANK: Final = " \t"
_ENDS: Final = ";&|\n"


@dataclass(slots=True)
class SimpleCommand:
    """One program with its words, the program first. Assignments before it are among the words."""

    words: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    """Files that `<` names."""
    outputs: list[str] = field(default_factory=list)
    """Files that `>` and its like name."""
    pipeline: int = 0
    """Commands that are joined by `|` share this number."""


@dataclass(slots=True)
class _Frame:
    """A command that is being read; commands in `$(…)` are read in frames of their own."""

    command: SimpleCommand
    closing: str
    in_quotes: bool = False
    target: str = "words"
    letters: list[str] = field(default_factory=list)
    has_word: bool = False


def simple_commands(text: str) -> list[SimpleCommand]:
    """All programs that a command names, those in `$(…)`, backquotes and `<(…)` too, in no fixed order."""
    return _ShellReader(text[:MOST_CHARS]).read()


class _ShellReader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._done: list[SimpleCommand] = []
        self._pipelines = 0
        self._frames = [_Frame(SimpleCommand(), "")]

    def read(self) -> list[SimpleCommand]:
        at = 0
        while at < len(self._text):
            at = self._step(at)
        while self._frames:
            self._end_command(self._frames[-1])
            self._frames.pop()
        return self._done

    def _step(self, at: int) -> int:
        """Read what begins at a place; gives the place behind it."""
        text, frame = self._text, self._frames[-1]
        char = text[at]
        following = text[at + 1 : at + 2]
        if char == "\\":
            if following != "\n":
                self._add(frame, following)
            return at + 2
        if (char == "$" and following == "(") or (char in "<>" and following == "(" and not frame.in_quotes):
            return self._open(frame, ")", at + 2)
        if char == "`":
            return self._close(frame, at) if frame.closing == "`" else self._open(frame, "`", at + 1)
        if char == '"':
            frame.in_quotes = not frame.in_quotes
            frame.has_word = True
            return at + 1
        if frame.in_quotes:
            self._add(frame, char)
            return at + 1
        return self._plain(frame, char, at)

    def _plain(self, frame: _Frame, char: str, at: int) -> int:
        text = self._text
        if char == "'":
            end = text.find("'", at + 1)
            end = len(text) if end < 0 else end
            self._add(frame, text[at + 1 : end])
            return end + 1
        if char in _BLANK:
            self._end_word(frame)
        elif char in _ENDS:
            return self._end_of_command(frame, char, at)
        elif char in "<>":
            return self._redirection(frame, char, at)
        elif char == "#" and not frame.has_word:
            end = text.find("\n", at)
            return len(text) if end < 0 else end
        elif char == "(" and not frame.has_word:
            return self._open(frame, ")", at + 1)
        elif char == ")" and frame.closing == ")":
            return self._close(frame, at)
        else:
            self._add(frame, char)
        return at + 1

    def _add(self, frame: _Frame, letters: str) -> None:
        frame.letters.append(letters)
        frame.has_word = True

    def _open(self, frame: _Frame, closing: str, at: int) -> int:
        self._pipelines += 1
        self._frames.append(_Frame(SimpleCommand(pipeline=self._pipelines), closing))
        return at

    def _close(self, frame: _Frame, at: int) -> int:
        self._end_command(frame)
        self._frames.pop()
        return at + 1

    def _end_of_command(self, frame: _Frame, char: str, at: int) -> int:
        following = self._text[at + 1 : at + 2]
        is_pipe = char == "|" and following != "|"
        if char == "&" and following == ">":  # `&> file`
            self._end_word(frame)
            return at + 1
        self._end_command(frame)
        if not is_pipe:
            self._pipelines += 1
        frame.command.pipeline = frame.command.pipeline if is_pipe else self._pipelines
        return at + (2 if following == char or (is_pipe and following == "&") else 1)

    def _redirection(self, frame: _Frame, char: str, at: int) -> int:
        if "".join(frame.letters).isdigit():  # `2>`
            frame.letters, frame.has_word = [], False
        self._end_word(frame)
        end = at + 1
        while end < len(self._text) and self._text[end] in "<>&|-" and end < at + 4:
            end += 1
        sign = self._text[at:end]
        if sign.startswith("<<"):
            frame.target = "words"  # a here-document: its text is read as words
        elif "&" in sign and self._text[end : end + 1].isdigit():
            return end + 1
        else:
            frame.target = "inputs" if char == "<" else "outputs"
        return end

    def _end_word(self, frame: _Frame) -> None:
        if frame.has_word:
            getattr(frame.command, frame.target).append("".join(frame.letters))
            frame.target = "words"
        frame.letters, frame.has_word = [], False

    def _end_command(self, frame: _Frame) -> None:
        self._end_word(frame)
        command = frame.command
        frame.in_quotes = False
        frame.target = "words"
        if command.words or command.inputs or command.outputs:
            self._done.append(command)
        frame.command = SimpleCommand(pipeline=command.pipeline)
