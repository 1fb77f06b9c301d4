r"""Count in what share of files each word occurs: a word that is common everywhere describes no file.

    python models/recipes/keywords/count.py /usr/lib/python3.11 /usr/include /usr/share/doc /usr/share/perl \
        /usr/lib/go/src /usr/lib/node_modules SITE_PACKAGES > \
        mcp_smalltools/tools/summarize_file/common.txt

Writes a line for each word that at least 8 of 1,000 files hold: the word and that number. Any large mix of
source code and documents will do; no text of it is kept.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

from mcp_smalltools.text.words import code_word_counts

SUFFIXES = {".py", ".c", ".h", ".hpp", ".js", ".ts", ".go", ".rs", ".java", ".rb", ".pl", ".pm", ".sh"}
DOCUMENTS = {".md", ".txt", ".rst", ".html", ".toml", ".yaml", ".yml", ".json", ".cfg", ""}
MOST_FILES, MOST_BYTES, FEWEST = 6_000, 200_000, 8


def main(folders: list[str]) -> None:
    files = [path for folder in folders for path in Path(folder).rglob("*") if path.is_file()]
    files = sorted(path for path in files if path.suffix in SUFFIXES | DOCUMENTS)
    random.Random(0).shuffle(files)
    holding: Counter[str] = Counter()
    read = 0
    for path in files:
        try:
            if path.stat().st_size > MOST_BYTES:
                continue
            holding.update(code_word_counts(path.read_text(encoding="utf-8")).keys())
        except (OSError, UnicodeDecodeError):
            continue
        read += 1
        if read == MOST_FILES:
            break
    for word, count in sorted(holding.items()):
        share = round(1000 * count / read)
        if share >= FEWEST and word.isalpha():
            print(word, share)


if __name__ == "__main__":
    main(sys.argv[1:])
