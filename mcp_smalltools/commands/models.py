"""List, pull, verify, add, remove and tune models, and measure which of them are of use to a tool."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_smalltools.commands.common.numbers import whole_number
from mcp_smalltools.config import Settings
from mcp_smalltools.errors import ModelError

if TYPE_CHECKING:
    from mcp_smalltools.calibration.qualification import Qualification


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = commands.add_parser("list", help="the known models, and which of them are here")
    listing.add_argument("--json", action="store_true", help="print JSON and nothing else")
    pull = commands.add_parser("pull", help="fetch models; without an ID the encoder, which the tools use")
    pull.add_argument("ids", nargs="*", metavar="ID")
    verify = commands.add_parser("verify", help="check the hash of every file, and remove damaged ones")
    verify.add_argument("ids", nargs="*", metavar="ID")
    _add_arguments_of_add(commands.add_parser("add", help="register a GGUF file of your own"))
    remove = commands.add_parser("remove", help="delete a model's files, and the manifest if `add` made it")
    remove.add_argument("id", metavar="ID")
    tune = commands.add_parser(
        "tune",
        help="measure a model's layouts on this machine and use the fastest; default: the encoder",
    )
    tune.add_argument("ids", nargs="*", metavar="ID")
    tune.add_argument("--json", action="store_true", help="print JSON and nothing else")
    _add_arguments_of_qualify(
        commands.add_parser("qualify", help="measure whether a model that writes adds right answers")
    )


def _add_arguments_of_qualify(qualify: argparse.ArgumentParser) -> None:
    qualify.description = (
        "Read the skill's cases with the encoder alone and with the model too. Where more is right at the "
        "same certainty, the model is used from then on. Takes minutes to an hour, by the model and the "
        "machine."
    )
    qualify.add_argument("--skill", default="extract", help="for which skill (default: extract)")
    qualify.add_argument("--model", default="", metavar="ID", help="default: each model that is here")
    qualify.add_argument(
        "--data", type=Path, metavar="DIR", help="cases of your own too, as `eval field` reads"
    )
    qualify.add_argument(
        "--most", type=whole_number(0), default=0, metavar="N", help="so many cases of each kind, for a try"
    )
    qualify.add_argument("--record", type=Path, metavar="FILE", help="put the result into this writers.json")
    qualify.add_argument("--json", action="store_true", help="print JSON and nothing else")


def _add_arguments_of_add(add: argparse.ArgumentParser) -> None:
    add.description = "Register a GGUF file of your own. It stays where it is; its hash is kept and checked."
    add.add_argument("file", type=Path, metavar="FILE", help="the GGUF file")
    add.add_argument("--id", required=True, help="name to use in embed_model or generate_model")
    kinds = ("generate", "embed")
    add.add_argument("--kind", choices=kinds, default="generate", help="what it does (default: generate)")
    add.add_argument(
        "--context",
        type=whole_number(1),
        default=8192,
        metavar="N",
        help="tokens of the longest text (default: 8192)",
    )
    add.add_argument(
        "--projector", type=Path, metavar="FILE", help="its projector (mmproj), if it looks at pictures"
    )
    add.add_argument("--licence", default="unknown", help="its licence, for `models list`")


def run(args: argparse.Namespace, settings: Settings) -> int:
    actions: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "list": _list,
        "pull": _pull,
        "verify": _verify,
        "add": _add,
        "remove": _remove,
        "tune": _tune,
        "qualify": _qualify,
    }
    return actions[args.action](args, settings)


def _ids_or_encoder(args: argparse.Namespace, settings: Settings) -> list[str]:
    """The models that are named; without any, the one that the tools use."""
    return list(args.ids or [settings.embed_model])


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

    table = Table("model", "for", "parameters", "licence", "here", box=None, pad_edge=False)
    for row in rows:
        here = f"{row['bytes'] / 1e6:.0f} MB {row['layout']}" if row["path"] else "no"
        use = "writing" if row["kind"] == "generate" else "embedding"
        table.add_row(row["id"], use, row["parameters"], row["licence"], here)
    Console(highlight=False).print(table)
    return 0


def _pull(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.commands.common.show import progress_bar
    from mcp_smalltools.models.catalog import ensure_model

    for model_id in _ids_or_encoder(args, settings):
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
            f"{damaged} of {seen} files were damaged and have been removed.",
            remedy="They are fetched or made again when they are next needed, or now with `models pull`.",
        )
    print(f"{seen} files are undamaged.")
    return 0


def _add(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.models.own_models import register_model

    path = register_model(
        args.file,
        args.id,
        settings,
        kind=args.kind,
        context=args.context,
        licence=args.licence,
        projector=args.projector,
    )
    print(f"{args.id}: {path}\nUse it: MCP_SMALLTOOLS_{args.kind.upper()}_MODEL={args.id}")
    return 0


def _remove(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.models.own_models import remove_model

    remove_model(args.id, settings)
    print(f"{args.id}: removed. A file of your own that was registered stays where it is.")
    return 0


def _tune(args: argparse.Namespace, settings: Settings) -> int:
    from mcp_smalltools.commands.common.show import progress_bar
    from mcp_smalltools.models.tune import tune_model

    tuned = {}
    for model_id in _ids_or_encoder(args, settings):
        with progress_bar(sys.stderr.isatty() and not args.json) as progress:
            tuned[model_id] = tune_model(model_id, settings, progress)
    if args.json:
        print(json.dumps({model_id: asdict(model) for model_id, model in tuned.items()}))
        return 0
    for model_id, model in tuned.items():
        for layout, speeds in model.measured.items():
            mark = "*" if layout == model.layout else " "
            print(f"{mark} {model_id} {layout:<5} " + ", ".join(f"{n} {v:,}/s" for n, v in speeds.items()))
    return 0


def _qualify(args: argparse.Namespace, settings: Settings) -> int:
    import anyio

    from mcp_smalltools.calibration.qualification import keep_qualification, write_qualification
    from mcp_smalltools.calibration.writer_advice import gain_of
    from mcp_smalltools.learning.writers.qualify import writers_here

    models = [args.model] if args.model else list(writers_here(settings))
    if not models:
        raise ModelError(
            "No model that writes is on this machine.",
            remedy="Fetch one first: mcp-smalltools models pull qwen2.5-coder-0.5b.",
        )
    found = []
    for model in models:
        measured = anyio.run(_measure, model, args, settings)
        found.append(measured)
        if args.record:
            write_qualification(measured, args.record)
        elif not args.most:
            keep_qualification(measured, settings)
        if not args.json:
            verdict = "qualified" if measured.qualified else "did not qualify"
            print(f"{measured.model} {verdict}: {gain_of(measured)}")
    if args.json:
        print(json.dumps([{"model": each.model, **each.to_json()} for each in found]))
    return 0


async def _measure(model: str, args: argparse.Namespace, settings: Settings) -> Qualification:
    from mcp_smalltools.commands.common.show import progress_bar
    from mcp_smalltools.engine.make import make_engine
    from mcp_smalltools.learning.writers.qualify import qualify

    engine = make_engine(settings, client_name="qualify")
    try:
        with progress_bar(sys.stderr.isatty() and not args.json) as progress:
            return await qualify(args.skill, model, settings, engine, progress, own=args.data, most=args.most)
    finally:
        await engine.close()
