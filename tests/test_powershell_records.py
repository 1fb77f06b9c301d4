"""Windows PowerShell's records about the error output of programs say nothing of how a run went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.tools.find_failure.lines import LogLines, read_log
from mcp_smalltools.tools.find_failure.outcome.ending import Ending, read_ending
from mcp_smalltools.tools.find_failure.outcome.powershell import records_in, undone
from mcp_smalltools.tools.find_failure.outcome.roles import Role

AT = ["At line:1 char:1", "En línea: 1 Carácter: 56", "所在位置 行:1 字符: 1", "Au caractère Ligne:1 : 1"]


def record(first: str, at: str = AT[0], width: int = 80) -> list[str]:
    """A program's first line as PowerShell writes it, with its record."""
    lines = [first, at, "+ shopctl deploy --all 2>&1 | Out-File deploy.txt", "+ " + "~" * 30]
    lines += [f"    + CategoryInfo          : NotSpecified: ({first[10:30]}:String) [], RemoteException"]
    lines += ["    + FullyQualifiedErrorId : NativeCommandError", " "]
    return [piece for line in lines for piece in broken(line, width)]


def broken(line: str, width: int) -> list[str]:
    """The line as a console of that width breaks it: before a word, the space stays."""
    pieces = []
    while len(line) > width:
        cut = line.rfind(" ", 0, width) + 1 or width
        pieces.append(line[:cut])
        line = line[cut:]
    return [*pieces, line]


def read(lines: list[str]) -> LogLines:
    return read_log([lines])


@pytest.mark.parametrize("at", AT)
def test_the_record_in_any_language_is_no_output_and_the_line_before_is_the_programs(at: str) -> None:
    log = read([*record("shopctl : Loading 40 goods", at), "Deployment completed"])
    assert log.roles[1:6] == [Role.FRAME] * 5
    assert log.contents[0] == "Loading 40 goods"
    assert read_ending(log.contents, log.roles).ending is Ending.PASSED


def test_what_the_program_wrote_first_is_read_as_it_wrote_it() -> None:
    log = read(record("cargo : error: could not compile `shop` (lib) due to 1 previous error"))
    assert read_ending(log.contents, log.roles).ending is Ending.FAILED


def test_lines_that_a_narrow_console_broke_are_whole_at_their_first() -> None:
    narrow = record("python : Traceback (most recent call last):", width=40)
    whole = "shop.errors.NoSuchGoodsException: there are no pears left in the second store"
    narrow += broken(whole, 40)
    log = read(narrow)
    assert whole in log.contents
    assert log.contents[-1].startswith("    ")
    assert log.texts[-1] == narrow[-1]


def test_an_error_of_powershells_own_command_is_left_as_it_is() -> None:
    lines = [
        "Get-Item : Cannot find path 'C:\\shop' because it does not exist.",
        "At line:1 char:1",
        "+ Get-Item C:\\shop",
        "+ ~~~~~~~~~~~~~~~~",
        "    + CategoryInfo          : ObjectNotFound: (C:\\shop:String) [Get-Item], ItemNotFoundException",
        "    + FullyQualifiedErrorId : PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand",
    ]
    assert records_in(lines) == []
    assert Role.FRAME not in read(lines).roles


@given(
    st.lists(
        st.sampled_from(
            [
                *AT,
                "x : y",
                "+ shopctl",
                "+ ~~~~",
                "    + CategoryInfo  ",
                "    + FullyQualifiedErrorId : NativeCommandError",
                "   dErrorId : Nati  ",
                "",
                " ",
                "error: none",
                "a b c d e f g h i j",
            ]
        ),
        max_size=30,
    )
)
def test_any_order_of_its_lines_keeps_every_line_in_its_place(lines: list[str]) -> None:
    numbers = list(range(1, len(lines) + 1))
    records = records_in(lines)
    contents, own = undone(lines, numbers, records)
    assert len(contents) == len(lines)
    assert own <= set(range(len(lines)))
    assert all(0 <= r.head <= r.start < r.stop <= len(lines) for r in records)
