"""A copy of a picture with what is masked in its text painted over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from mcp_smalltools.errors import NotAllowed, UsageError
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.pictures.picture_file import PictureFile
from mcp_smalltools.text.visible import clean_text
from mcp_smalltools.tools import base

if TYPE_CHECKING:
    from mcp_smalltools.files.reader import UserFile
    from mcp_smalltools.pictures.reading import Quad, ReadPicture

_MASK: Final = re.compile(r"<[A-Z_]+_[0-9]+>")
_LONGEST: Final = 2_000
"""Characters of a line from which it is painted over as a whole: no text line of a picture has as many."""


def write_masked_copy(
    source: UserFile, scrub: Callable[[str], str], name: str, context: base.ToolContext
) -> str:
    """The path of the copy. Raises UsageError, NotAllowed and FileError."""
    if not isinstance(source, PictureFile) or context.paint is None:
        raise UsageError(
            f"{source.path} is no picture: export_path is for pictures.", remedy="Leave export_path out."
        )
    if not name.lower().endswith(".png"):
        raise UsageError(f"The copy is a PNG file; {name!r} has another ending.", remedy="End it with .png.")
    if context.level() is PrivacyLevel.SEALED:
        raise NotAllowed("Nothing of a sealed picture may leave.", remedy="Ask the user for it.")
    places = list(places_to_hide(source.picture, scrub))
    with context.create_output(name) as output:
        context.paint(source, places, output)
        return str(output.path)


def places_to_hide(picture: ReadPicture, scrub: Callable[[str], str]) -> Iterator[tuple[int, Quad]]:
    """Page and corners of all that is masked in the picture's text."""
    whole = clean_text("\n".join(line.text for line in picture.lines))
    shown = scrub(whole).split("\n")
    for number, line in enumerate(picture.lines):
        masked = shown[number] if number < len(shown) else "<SECRET_1>"
        for start, end in hidden_spans(line.text, masked):
            for quad in line.quads(start, end):
                yield line.page, quad


def hidden_spans(line: str, masked: str) -> Iterator[tuple[int, int]]:
    """Which characters of a line a masked one does not show; all of it where that can't be told."""
    if line == masked:
        return
    kept = _MASK.split(masked)
    if len(line) > _LONGEST or len(kept) < 2:
        yield 0, len(line)
        return
    found = re.fullmatch("(.*?)".join(map(re.escape, kept)), line) if len(kept) <= 4 else None
    if found is None:
        yield 0, len(line)
        return
    for group in range(1, len(kept)):
        yield found.span(group)
