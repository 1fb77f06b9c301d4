"""Put a trained adapter into the library.

    python models/recipes/install_adapter.py classify FOLDER

Copies adapter.gguf, and head.json where there is one, from the folder that a recipe wrote to the skill's own,
and binds the adapter to its base by hash in skill.toml. Then run the recipe's fit.py, where there is one: the
tool's confidence depends on the adapter's vectors.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import tomllib
from pathlib import Path

MODELS = Path(__file__).resolve().parents[1]


def install(name: str, folder: Path, scale: float | None) -> None:
    skill = MODELS / "skills" / name
    for file in ("adapter.gguf", "head.json"):
        if (folder / file).exists():
            shutil.copy(folder / file, skill / file)
    entry = skill / "skill.toml"
    text = entry.read_text(encoding="utf-8")
    base = tomllib.loads(text)["adapter"]["base"]
    manifest = tomllib.loads((MODELS / f"{base}.toml").read_text(encoding="utf-8"))
    text = _set(text, "base_sha256", f'"{manifest["files"][0]["sha256"]}"')
    text = _set(text, "sha256", f'"{hashlib.sha256((skill / "adapter.gguf").read_bytes()).hexdigest()}"')
    if scale is not None:
        text = _set(text, "scale", str(scale))
    entry.write_text(text, encoding="utf-8")


def _set(text: str, key: str, value: str) -> str:
    """With this value in [adapter], which is the last table."""
    line = f"{key} = {value}"
    text, found = re.subn(rf"(?m)^{key} = .*$", line, text)
    return text if found else f"{text.rstrip()}\n{line}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="the skill's")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, help="how much of the change is used (default: as before)")
    args = parser.parse_args()
    install(args.name, args.folder, args.scale)


if __name__ == "__main__":
    main()
