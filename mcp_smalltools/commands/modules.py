"""Subcommands that are modules: each has `add_arguments` and `run`, and its docstring is the help."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping
from types import ModuleType

from mcp_smalltools.config import Settings


class Modules:
    """The modules of `mcp_smalltools.evaluation` whose names start alike, by the rest of the name.

    `about` says of each in a line what it measures.
    """

    def __init__(self, metavar: str, about: Mapping[str, str], *, starts: str = "") -> None:
        self._metavar = metavar
        self._about = about
        self._starts = starts

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        choices = parser.add_subparsers(dest="module", metavar=self._metavar, required=True)
        for name, about in self._about.items():
            module = self._module(name)
            module.add_arguments(
                choices.add_parser(
                    name,
                    help=about,
                    description=module.__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter,
                )
            )

    def run(self, args: argparse.Namespace, settings: Settings) -> int:
        return int(self._module(args.module).run(args, settings))

    def _module(self, name: str) -> ModuleType:
        return importlib.import_module(f"mcp_smalltools.evaluation.{self._starts}{name}")
