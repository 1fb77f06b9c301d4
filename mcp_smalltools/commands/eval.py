"""Measure the quality of a tool on labelled data, with the floor or a peer beside it.

Data is read where it lies and never used to build, fit or tune anything.

  mcp-smalltools eval logs --data loghub_2k_corrected
  mcp-smalltools eval classify --data classification --json
"""

from __future__ import annotations

from mcp_smalltools.commands.common.submodules import Modules

SUITES = Modules(
    "mcp_smalltools.evaluation.suites",
    "SUITE",
    {
        "logs": "grouping and parsing accuracy of parse_log, Drain3 beside it",
        "ask": "lines that ask_file finds for questions made from real files, the best by words beside it",
        "extract": "right objects of extract on BFCL, the first value of each type beside it",
        "failure": "the guilty lines that find_failure finds, three simple ways beside it",
        "classify": "accuracy and calibration of classify, TF-IDF with an SVM beside it",
        "summaries": "summarize_file as an index of git repositories, the outline beside it; faithfulness",
        "find": "recall of find_files on the history of git repositories, BM25 over whole files beside it",
    },
)

add_arguments = SUITES.add_arguments
run = SUITES.run
