"""Subcommands that are modules, with `add_arguments` and `run`; the docstring is the help."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping
from types import ModuleType

from mcp_smalltools.config import Settings


class Modules:
    """Modules of a package by name; `about` describes each in one line."""

    def __init__(self, package: str, metavar: str, about: Mapping[str, str]) -> None:
        self._package = package
        self._metavar = metavar
        self._about = about

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
        return importlib.import_module(f"{self._package}.{name}")
