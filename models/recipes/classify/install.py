"""Put a trained adapter into the library: `python models/recipes/classify/install.py FILE --scale 1`.

Copies the adapter.gguf that adapter.py wrote, and binds it to its base by hash. Then run fit.py: how sure the
tool may be depends on its vectors.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import tomllib
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2]
SKILL = MODELS / "skills" / "classify"
TOML = """# What `classify` is made of. Its numbers are in scores.json, where they come from in card.md.
name = "classify"
kind = "classify"
base = "all-minilm-l6-v2"
scores = "scores.json"
recipe = "python models/recipes/classify/adapter.py"

[adapter]
base = "all-minilm-l6-v2"
base_sha256 = "{base}"
sha256 = "{own}"
scale = {scale}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="how much of the change is used")
    args = parser.parse_args()
    shutil.copy(args.file, SKILL / "adapter.gguf")
    own = hashlib.sha256(args.file.read_bytes()).hexdigest()
    manifest = tomllib.loads((MODELS / "all-minilm-l6-v2.toml").read_text(encoding="utf-8"))
    text = TOML.format(base=manifest["files"][0]["sha256"], own=own, scale=args.scale)
    (SKILL / "skill.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
