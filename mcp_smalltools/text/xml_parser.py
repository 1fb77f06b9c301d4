"""A parser of XML for the texts of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

BEFORE: str = "\ufeff \t\r\n"
"""What may stand before a document though its form forbids it."""


class DefinesEntitiesError(Exception):
    """A document declares entities of its own, which could grow without end."""


def xml_parser() -> XMLParserType:
    """Takes UTF-8, whatever encoding the document declares: its text is decoded already. It raises
    DefinesEntitiesError and expat's ExpatError.
    """
    from xml.parsers import expat

    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.EntityDeclHandler = _refuse
    return parser


def _refuse(*_declared: object) -> None:
    raise DefinesEntitiesError
