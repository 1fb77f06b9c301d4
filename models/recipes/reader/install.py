"""Put a trained reader into the library: `python models/recipes/reader/install.py FOLDER`.

Copies adapter.gguf and head.json from the folder that train.py wrote; binds the adapter to its base by hash.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tomllib
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2]
SKILL = MODELS / "skills" / "reader"
TOML = """# The reader of `extract`. What it is and where it comes from: card.md.
name = "reader"
kind = "read"
base = "all-minilm-l6-v2"
recipe = "python models/recipes/reader/train.py"

[adapter]
base = "all-minilm-l6-v2"
base_sha256 = "{base}"
sha256 = "{own}"
"""


def main(folder: Path) -> None:
    SKILL.mkdir(parents=True, exist_ok=True)
    for name in ("adapter.gguf", "head.json"):
        shutil.copy(folder / name, SKILL / name)
    own = hashlib.sha256((SKILL / "adapter.gguf").read_bytes()).hexdigest()
    manifest = tomllib.loads((MODELS / "all-minilm-l6-v2.toml").read_text(encoding="utf-8"))
    base = manifest["files"][0]["sha256"]
    (SKILL / "skill.toml").write_text(TOML.format(base=base, own=own), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
