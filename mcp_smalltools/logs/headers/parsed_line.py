"""What is read of one line."""

from __future__ import annotations

from typing import NamedTuple


class ParsedLine(NamedTuple):
    """One line, taken apart. `bare`: its header, if any, was written by what carried the line (a CI system,
    a container runtime), so the line may continue the one before. `time_at`: where in the line its time
    starts, -1 if that is not known. `level_said`: a header or a field says the level, it is no guess.
    `announces`: the line is only a header, its message is on the next line. `continues`: it
    says that it belongs to the record before, as the details of PostgreSQL's messages do. `block`: all lines
    up to the next header belong to it.
    """

    format: str
    content: str
    time: str | None = None
    level: str | None = None
    bare: bool = False
    time_at: int = -1
    level_said: bool = False
    announces: bool = False
    continues: bool = False
    block: bool = False

    @property
    def headed(self) -> bool:
        return self.format != "plain" and not self.bare
