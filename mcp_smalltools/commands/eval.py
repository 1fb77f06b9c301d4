"""Measure the quality of a tool on labelled data, with the floor or a peer beside it.

Data is read where it lies and never used to build, fit or tune anything.

  mcp-smalltools eval logs --data loghub_2k_corrected
  mcp-smalltools eval classify --data classification --json
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping
from types import ModuleType

from mcp_smalltools.config import Settings

SUITES: Mapping[str, str] = {
    "logs": "grouping and parsing accuracy of parse_log, Drain3 beside it",
    "ask": "lines that ask_file finds for questions made from real files, the best line by words beside it",
    "extract": "right objects of extract on BFCL, the first value of each type beside it",
    "failure": "the guilty lines that find_failure finds, three simple ways beside it",
    "classify": "accuracy and calibration of classify, TF-IDF with an SVM beside it",
    "summaries": "summarize_file as an index of git repositories, the outline beside it; faithfulness",
    "find": "recall of find_files on the history of git repositories, BM25 over whole files beside it",
}
"""Name of each suite, which is a module of `evaluation`, and what it measures."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    suites = parser.add_subparsers(dest="suite", metavar="SUITE", required=True)
    for name, what in SUITES.items():
        suite = _suite(name)
        suite.add_arguments(
            suites.add_parser(
                name,
                help=what,
                description=suite.__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )


def run(args: argparse.Namespace, settings: Settings) -> int:
    return int(_suite(args.suite).run(args, settings))


def _suite(name: str) -> ModuleType:
    return importlib.import_module(f"mcp_smalltools.evaluation.{name}")
