"""List, pull, verify, add, remove and tune models."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp_smalltools import processes
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError, UsageError

Progress = Callable[[float, float | None, str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = commands.add_parser("list", help="models that are known, and which are here")
    listing.add_argument("--json", action="store_true", help="print JSON and nothing else")
    pull = commands.add_parser("pull", help="fetch models; with no id the two embedded ones")
    pull.add_argument("ids", nargs="*", metavar="ID")
    verify = commands.add_parser("verify", help="hash every file again, and remove what is damaged")
    verify.add_argument("ids", nargs="*", metavar="ID")
    add = commands.add_parser("add", help="register a GGUF file of your own; it is used where it lies")
    add.add_argument("file", type=Path)
    add.add_argument("--id", required=True, help="name it to generate_model or embed_model")
    add.add_argument("--kind", choices=("generate", "embed"), default="generate")
    add.add_argument("--context", type=int, default=8192, help="tokens of the longest sequence")
    add.add_argument("--licence", default="unknown")
    remove = commands.add_parser("remove", help="delete a model's files, and its entry if you added it")
    remove.add_argument("id", metavar="ID")
    tune = commands.add_parser("tune", help="measure the layouts on this machine, and use the fastest")
    tune.add_argument("ids", nargs="*", metavar="ID")
    tune.add_argument("--json", action="store_true", help="print JSON and nothing else")


def run(args: argparse.Namespace, settings: Settings) -> int:
    actions: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "list": _list,
        "pull": _pull,
        "verify": _verify,
        "add": _add,
        "remove": _remove,
        "tune": _tune,
    }
    return actions[args.action](args, settings)


def _embedded(args: argparse.Namespace, settings: Settings) -> list[str]:
    return list(args.ids or (settings.generate_model, settings.embed_model))


def _list(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifests

    rows = []
    for manifest in manifests(settings).values():
        store = ModelStore(manifest, settings)
        file = store.ready()
        row: dict[str, Any] = {
            "id": manifest.id,
            "kind": manifest.kind,
            "parameters": manifest.parameters,
            "licence": manifest.licence,
            "layout": store.layout,
            "path": file.path if file else None,
            "bytes": Path(file.path).stat().st_size if file else None,
        }
        rows.append(row)
    if args.json:
        print(json.dumps(rows))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "for", "size", "licence", "here", box=None, pad_edge=False)
    for row in rows:
        here = f"{row['bytes'] / 1e6:.0f} MB {row['layout']}" if row["path"] else "no"
        use = "writing" if row["kind"] == "generate" else "embedding"
        table.add_row(row["id"], use, row["parameters"], row["licence"], here)
    Console(highlight=False).print(table)
    return 0


def _pull(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.commands.common.show import progress_bar
    from mcp_smalltools.models.catalog import ensure_model

    for model_id in _embedded(args, settings):
        with progress_bar(sys.stderr.isatty()) as progress:
            file = ensure_model(model_id, settings, progress)
        print(f"{model_id}: {file.path}")
    return 0


def _verify(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifest_of, manifests

    damaged = seen = 0
    for model_id in args.ids or manifests(settings):
        for path, good in ModelStore(manifest_of(model_id, settings), settings).verify():
            seen += 1
            damaged += not good
            print(f"{'good   ' if good else 'damaged'} {path}")
    if damaged:
        raise ModelError(
            f"{damaged} of {seen} files were damaged and are removed.",
            remedy="They are fetched or made again on the next need, or now by `models pull`.",
        )
    print(f"{seen} files are what they should be.")
    return 0


def _add(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.models.hashing import sha256_of
    from mcp_smalltools.models.library import user_manifests
    from mcp_smalltools.models.manifest import LocalSource, Manifest, ManifestFile

    path = args.file.expanduser().resolve()
    if not path.is_file():
        raise UsageError(f"There is no file {args.file}.", remedy="Give the path of a GGUF file.")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise UsageError(f"{args.file} is no GGUF file.", remedy="Give the path of a GGUF file.")
    source = ManifestFile(
        name="model.gguf",
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        sources=(LocalSource(path=path),),
    )
    try:
        manifest = Manifest(
            id=args.id,
            title=args.id,
            kind=args.kind,
            licence=args.licence,
            context=args.context,
            files=(source,),
        )
    except ValueError:
        raise UsageError(
            f"{args.id!r} can't be an id.", remedy="Use small letters, digits, dots and dashes."
        ) from None
    folder = user_manifests(settings)
    folder.mkdir(parents=True, exist_ok=True)
    _write_manifest(folder / f"{args.id}.toml", manifest)
    print(f"{args.id}: {path}\nUse it: MCP_SMALLTOOLS_{args.kind.upper()}_MODEL={args.id}")
    return 0


def _write_manifest(path: Path, manifest: Any) -> None:
    """The few fields that `add` sets; JSON's strings are TOML's."""
    file = manifest.files[0]
    plain = {name: getattr(manifest, name) for name in ("id", "title", "kind", "licence", "context")}
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items()]
    source = f'{{ type = "local", path = {json.dumps(str(file.sources[0].path))} }}'
    lines += ["", "[[files]]", f"name = {json.dumps(file.name)}", f'sha256 = "{file.sha256}"']
    lines += [f"bytes = {file.bytes}", f"sources = [{source}]", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def _remove(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifest_of, user_manifests

    store = ModelStore(manifest_of(args.id, settings), settings)
    shutil.rmtree(store.folder, ignore_errors=True)
    (user_manifests(settings) / f"{args.id}.toml").unlink(missing_ok=True)
    print(f"{args.id}: removed; a file of your own that was registered stays where it lies.")
    return 0


def _tune(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.commands.common.show import progress_bar
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifest_of

    reports = {}
    for model_id in _embedded(args, settings):
        store = ModelStore(manifest_of(model_id, settings), settings)
        if not store.manifest.layouts:
            raise ModelError(f"{model_id} is used as it comes.", remedy="Only converted models have layouts.")
        speeds: dict[str, dict[str, float]] = {}
        with progress_bar(sys.stderr.isatty() and not args.json) as progress:
            for layout in store.manifest.layouts:
                file = store.prepare(progress, layout)
                progress(len(speeds), len(store.manifest.layouts), f"measuring {layout}")
                speeds[layout] = _measured(file.path, store.manifest.kind, settings)
        best = max(speeds, key=lambda layout: _worth(speeds[layout]))
        store.choose(best, speeds)
        reports[model_id] = {"layout": best, "measured": speeds}
        for layout in store.manifest.layouts:
            if layout != best and (path := store.path(layout)) is not None:
                path.unlink(missing_ok=True)
    if args.json:
        print(json.dumps(reports))
        return 0
    for model_id, report in reports.items():
        for layout, speed in report["measured"].items():  # type: ignore[attr-defined]  # a dict, see above
            mark = "*" if layout == report["layout"] else " "
            print(f"{mark} {model_id} {layout:<5} " + ", ".join(f"{n} {v:,}/s" for n, v in speed.items()))
    return 0


def _measured(path: str, kind: str, settings: Settings) -> dict[str, float]:
    threads = settings.engine_threads or os.cpu_count() or 1
    file = str(Path(path).absolute())
    command = processes.module_command("mcp_smalltools.engine.llama.measure", file, kind, str(threads))
    done = processes.run(command)
    if done.returncode:
        raise ModelError(f"{Path(path).name} can't be measured.", remedy="Run `mcp-smalltools doctor`.")
    speeds: dict[str, float] = json.loads(done.stdout)
    return speeds


def _worth(speed: dict[str, float]) -> float:
    """What tools do: for each token that is written about ten are read."""
    return 1 / (10 / speed["prefill"] + (1 / speed["decode"] if "decode" in speed else 0))
