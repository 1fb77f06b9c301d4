"""Measure the quality of a tool on labelled data, next to a plain method or a peer.

The data is only read; nothing is built, fitted or tuned with it.

  mcp-smalltools eval logs --data loghub_2k_corrected
  mcp-smalltools eval classify --data classification --json
"""

from __future__ import annotations

from mcp_smalltools.commands.common.submodules import Modules

SUITES = Modules(
    "mcp_smalltools.evaluation.suites",
    "SUITE",
    {
        "field": "how right the tools are on real cases, by tool and source, next to plain methods",
        "logs": "grouping and parsing accuracy of parse_log, next to Drain3",
        "ask": "lines that ask_file finds for questions on real files, next to the best by words",
        "extract": "right objects of extract on BFCL, next to the first value of each type",
        "failure": "failure lines that find_failure finds, next to three simple ways",
        "classify": "accuracy and calibration of classify, next to TF-IDF with an SVM",
        "summaries": "summarize_file as an index of git repositories, next to the outline; faithfulness",
        "pictures": "what is read of pictures and what the tools make of it, next to tesseract",
        "find": "recall of find_files on the history of git repositories, next to BM25 over whole files",
    },
)

add_arguments = SUITES.add_arguments
run = SUITES.run
