"""Makes pictures of real text, each with what is written on it: the material of `eval pictures`.

    python benchmarks/make_pictures.py --out DIR --texts FOLDER --failures LOGCHUNKS [--browser chromium]

`--texts` is any folder with logs, source code and Markdown; `--failures` holds LogChunks' logs with the chunk that
says why each run failed. The browser draws pages, invoices, forms and tables; Pillow draws terminals, and makes
scans of pages. Layouts, themes and sources are split into those to fit by and those held out before anything is
drawn. Nothing of others is copied: fonts are those of the system.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import lzma
import random
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

THEMES = {
    "dark": ("#1e1e1e", "#d4d4d4", ("#f14c4c", "#23d18b", "#e5e510")),
    "light": ("#ffffff", "#24292f", ("#cf222e", "#1a7f37", "#9a6700")),
    "solarized-dark": ("#002b36", "#93a1a1", ("#dc322f", "#859900", "#b58900")),
    "ubuntu": ("#300a24", "#eeeeec", ("#ef2929", "#8ae234", "#fce94f")),
    "solarized-light": ("#fdf6e3", "#586e75", ("#dc322f", "#718000", "#96700a")),
    "dracula": ("#282a36", "#f8f8f2", ("#ff5555", "#50fa7b", "#f1fa8c")),
}
HELD_OUT_THEMES = ("solarized-light", "dracula")
FONTS = ("dejavu/DejaVuSansMono.ttf", "liberation/LiberationMono-Regular.ttf")
SIZES = (13, 18, 26)
"""Pixels of a terminal's letters: on a usual screen, a larger one, and one with twice the pixels."""


@dataclass
class Picture:
    """A picture's row of truth.jsonl."""

    file: str
    kind: str
    layout: str
    split: str
    lines: list[str]
    data: dict[str, Any] | None = None
    schema: dict[str, Any] | None = None
    guilty: str | None = None
    secrets: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True, nargs="+")
    parser.add_argument("--failures", type=Path, required=True)
    parser.add_argument("--browser", default="chromium")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    maker = Maker(given.out, given.browser)
    texts = Texts(given.texts)
    for pictures in (
        terminals(maker, texts),
        failures(maker, given.failures),
        secrets(maker),
        records(maker),
        pages(maker, texts),
        editors(maker, texts),
        scans(maker),
    ):
        for picture in pictures:
            maker.keep(picture)


class Maker:
    """Draws into a folder and writes its truth.jsonl."""

    def __init__(self, out: Path, browser: str) -> None:
        self.out, self.browser = out, browser
        self.made: list[Picture] = []

    def keep(self, picture: Picture) -> None:
        self.made.append(picture)
        rows = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in self.made)
        (self.out / "truth.jsonl").write_text(rows, encoding="utf-8")
        print(len(self.made), picture.file, flush=True)

    def terminal(self, name: str, lines: Sequence[str], theme: str, font: str, size: int) -> str:
        """A terminal's window, a word here and there in colour."""
        ground, ink, colours = THEMES[theme]
        letters = ImageFont.truetype(f"/usr/share/fonts/truetype/{font}", size)
        width, height = letters.getlength("M"), round(size * 1.3)
        columns = max(map(len, lines), default=1)
        image = Image.new("RGB", (round(columns * width) + 24, height * len(lines) + 24), ground)
        draw = ImageDraw.Draw(image)
        for row, line in enumerate(lines):
            for match in re.finditer(r"\S+", line):
                word = match[0]
                loud = re.search(r"(?i)error|fail|\bok\b|pass|warn", word)
                colour = (
                    colours[("ok pass".find(loud[0].lower()[:4]) >= 0) + 2 * (loud[0][:4].lower() == "warn")]
                    if loud
                    else ink
                )
                draw.text((12 + match.start() * width, 12 + row * height), word, font=letters, fill=colour)
        image.save(self.out / name)
        return name

    def page(self, name: str, body: str, style: str, width: int, height: int, scale: float) -> str:
        """A page as a browser draws it, cut below its last line."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "page.html"
            source.write_text(
                f"<!doctype html><meta charset=utf-8><style>{style}</style><body>{body}", encoding="utf-8"
            )
            subprocess.run(
                [
                    *(self.browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                    *(f"--force-device-scale-factor={scale}", f"--window-size={width},{height}"),
                    *(
                        f"--screenshot={self.out / name}",
                        f"--user-data-dir={folder}/profile",
                        source.as_uri(),
                    ),
                ],
                check=True,
                capture_output=True,
                timeout=120,
            )
        image = Image.open(self.out / name).convert("RGB")
        ground = Image.new("RGB", image.size, image.getpixel((image.width - 2, image.height - 2)))
        from PIL import ImageChops

        box = ImageChops.difference(image, ground).getbbox()
        if box:
            image = image.crop((0, 0, image.width, min(image.height, box[3] + 20)))
        image.save(self.out / name)
        return name


class Texts:
    """Lines of real files, as far as the fonts have their characters."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._files = sorted(
            path
            for folder in folders
            for path in folder.rglob("*")
            if path.suffix in (".log", ".md", ".py", ".toml") and path.is_file()
        )

    def lines(
        self, endings: Sequence[str], count: int, chance: random.Random, widest: int = 100
    ) -> list[str]:
        files = [path for path in self._files if path.suffix in endings and path.stat().st_size > 1500]
        for _ in range(50):
            text = chance.choice(files).read_text(encoding="utf-8", errors="replace").expandtabs(4)
            lines = [line.rstrip()[:widest] for line in text.splitlines() if can_be_drawn(line)]
            if len(lines) >= count:
                start = chance.randrange(len(lines) - count + 1)
                return lines[start : start + count]
        raise SystemExit("The folder with texts has too few long files.")


def can_be_drawn(line: str) -> bool:
    return all(32 <= ord(c) < 127 for c in line) and not re.search(r"[-=*_~#+.]{6,}", line)


def split_of(held_out: bool) -> str:
    return "held_out" if held_out else "fit"


def terminals(maker: Maker, texts: Texts) -> Iterator[Picture]:
    for number in range(36):
        chance = random.Random(f"terminal {number}")
        theme, size = list(THEMES)[number % 6], SIZES[number // 6 % 3]
        lines = texts.lines((".log",) if number % 3 else (".md", ".py"), chance.randrange(15, 30), chance, 96)
        name = maker.terminal(f"terminal-{number}.png", lines, theme, FONTS[number % 2], size)
        held = theme in HELD_OUT_THEMES
        yield Picture(name, "terminal", theme, split_of(held), [line for line in lines if line.strip()])


_EDITOR = (
    "body{margin:0;background:%s;color:%s;font:%dpx/1.5 %s}pre{margin:12px}i{font-style:normal;opacity:.6}"
)


def editors(maker: Maker, texts: Texts) -> Iterator[Picture]:
    looks = (
        ("#1e1e1e", "#d4d4d4", "DejaVu Sans Mono"),
        ("#fff", "#222", "Liberation Mono"),
        ("#272822", "#f8f8f2", "DejaVu Sans Mono"),
    )
    for number in range(12):
        chance = random.Random(f"editor {number}")
        ground, ink, font = looks[number % 3]
        lines = texts.lines((".py", ".toml"), 24, chance, 90)
        first = chance.randrange(1, 900)
        body = "".join(f"<i>{first + row:>4}</i>  {html.escape(line)}\n" for row, line in enumerate(lines))
        style = _EDITOR % (ground, ink, 14, f"'{font}'")
        name = maker.page(
            f"editor-{number}.png", f"<pre>{body}</pre>", style, 900, 700, (1, 1.5, 2)[number // 3 % 3]
        )
        truth = [f"{first + row} {line.strip()}".strip() for row, line in enumerate(lines)]
        yield Picture(name, "editor", f"editor-{number % 3}", split_of(number % 3 == 2), truth)


def pages(maker: Maker, texts: Texts) -> Iterator[Picture]:
    """Articles, documentation with code, and pages in two columns."""
    style = "body{margin:24px;font:15px/1.5 '%s';color:#222}h2{font-size:22px}pre{background:#f3f3f3;padding:8px;font:13px/1.5 'DejaVu Sans Mono'}p{white-space:nowrap;margin:0 0 10px}.c{display:flex;gap:48px}"
    for number in range(18):
        chance = random.Random(f"page {number}")
        layout = ("article", "documentation", "columns")[number % 3]
        narrow = 52 if layout == "columns" else 88
        prose = [
            " ".join(re.sub(r"[*`#|>\[\]]", "", line).split())
            for line in texts.lines((".md",), 60, chance, 2000)
        ]
        words = " ".join(line for line in prose if len(line) > 40).split()
        lines: list[str] = []
        while words and len(lines) < 26:
            line = ""
            while words and len(line) + len(words[0]) < narrow:
                line = f"{line} {words.pop(0)}".strip()
            lines.append(line or words.pop(0)[:narrow])
        title = " ".join(lines[0].split()[:5])
        brs = [html.escape(line) for line in lines]
        if layout == "columns":
            half = len(lines) // 2
            body = "".join(f"<div><p>{'<br>'.join(part)}</div>" for part in (brs[:half], brs[half:]))
            body = f"<h2>{html.escape(title)}</h2><div class=c>{body}</div>"
            truth = [title, *lines]
        else:
            code = texts.lines((".py",), 6, chance, 80) if layout == "documentation" else []
            body = f"<h2>{html.escape(title)}</h2><p>{'<br>'.join(brs[:12])}<pre>{html.escape(chr(10).join(code))}</pre><p>{'<br>'.join(brs[12:])}"
            truth = [title, *lines[:12], *code, *lines[12:]]
        font = ("Liberation Sans", "Liberation Serif", "DejaVu Sans")[number // 3 % 3]
        name = maker.page(f"page-{number}.png", body, style % font, 1000, 1200, (1, 1.5, 2)[number // 6])
        yield Picture(
            name, "page", f"{layout} {font}", split_of(font == "DejaVu Sans"), [x for x in truth if x.strip()]
        )


_FIRMS = (
    "Northwind Cables",
    "Alder & Sons Ltd",
    "Blue Harbour GmbH",
    "Quarry Street Tools",
    "Pelican Freight",
    "Ridge Optics SA",
)
_GOODS = (
    "Cable CAT6 5 m",
    "Switch 8 port",
    "Mounting kit",
    "Desk lamp LED",
    "Label rolls",
    "Fibre patch 2 m",
    "Power strip",
    "Rack shelf 1U",
    "Toner black",
    "Paper A4 500",
)
_STYLE = "body{margin:36px;font:%dpx/1.5 '%s';color:#1a1a1a}table{border-collapse:collapse;margin:14px 0}td,th{padding:4px 18px 4px 0;text-align:left;white-space:nowrap}.r{text-align:right}.b td,.b th{border:1px solid #999;padding:4px 10px}.f{display:flex;justify-content:space-between;width:720px}p{margin:4px 0}h1{font-size:1.7em;margin:0 0 10px}"


def records(maker: Maker) -> Iterator[Picture]:
    """40 invoices and forms in ten layouts, of which four are held out, and twelve tables."""
    for number in range(40):
        chance = random.Random(f"record {number}")
        layout = number % 10
        body, truth, data, schema = invoice(chance, layout) if layout < 6 else form(chance, layout)
        font = ("Liberation Sans", "DejaVu Sans", "Liberation Serif")[number % 3]
        name = maker.page(
            f"record-{number}.png", body, _STYLE % (15, font), 860, 1000, (1, 1.5, 2)[number // 10 % 3]
        )
        kind = "invoice" if layout < 6 else "form"
        yield Picture(name, kind, f"{kind}-{layout}", split_of(layout in (3, 5, 8, 9)), truth, data, schema)
    for number in range(12):
        chance = random.Random(f"table {number}")
        rows = [
            (
                f"{chance.choice(('web', 'db', 'cache', 'queue'))}-{chance.randrange(1, 40):02}",
                f"{chance.randrange(10, 99)}.{chance.randrange(10)}%",
                f"{chance.randrange(100, 9000)} MB",
                chance.choice(("running", "stopped", "failed")),
            )
            for _ in range(10)
        ]
        heads = ("Name", "Load", "Memory", "State")
        cells = "".join(f"<tr>{''.join(f'<td>{cell}' for cell in row)}" for row in rows)
        border = " class=b" if number % 2 else ""
        body = f"<h1>Hosts</h1><table{border}><tr>{''.join(f'<th>{head}' for head in heads)}{cells}</table>"
        name = maker.page(
            f"table-{number}.png", body, _STYLE % (14, "DejaVu Sans"), 800, 600, (1, 1.5, 2)[number % 3]
        )
        yield Picture(
            name,
            "table",
            f"table-{number % 2}",
            split_of(number % 4 == 3),
            ["Hosts", " ".join(heads), *(" ".join(row) for row in rows)],
        )


def _text(type_: str = "string", **more: str) -> dict[str, str]:
    return {"type": type_, **more}


def invoice(chance: random.Random, layout: int) -> tuple[str, list[str], dict[str, Any], dict[str, Any]]:
    firm = chance.choice(_FIRMS)
    mark = (
        f"{chance.choice(('INV', 'RE', 'A'))}-{chance.randrange(2020, 2030)}-{chance.randrange(1000, 99999)}"
    )
    date = f"20{chance.randrange(24, 31)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    goods = [
        (name, chance.randrange(1, 20), chance.randrange(150, 90000) / 100)
        for name in chance.sample(_GOODS, 4)
    ]
    net = round(sum(count * price for _, count, price in goods), 2)
    tax = round(net * 0.2, 2)
    total = round(net + tax, 2)
    labels = (
        ("Invoice number", "Date", "Total"),
        ("Invoice No.", "Invoice date", "Amount due"),
        ("Invoice #", "Issued", "Total due"),
    )[layout % 3]
    heads = ("Item", "Qty", "Price", "Amount")
    rows = [(name, str(count), f"{price:,.2f}", f"{count * price:,.2f}") for name, count, price in goods]
    sums = [("Subtotal", f"{net:,.2f}"), ("VAT 20%", f"{tax:,.2f}"), (labels[2], f"{total:,.2f}")]
    pairs = [(labels[0], mark), (labels[1], date)]
    border = " class=b" if layout in (1, 4) else ""
    table = f"<table{border}><tr>{''.join(f'<th>{head}' for head in heads)}"
    table += "".join(
        f"<tr><td>{html.escape(row[0])}{''.join(f'<td class=r>{cell}' for cell in row[1:])}" for row in rows
    )
    table += "</table>"
    foot = "<table>" + "".join(f"<tr><td>{label}<td class=r>{value}" for label, value in sums) + "</table>"
    name = html.escape(firm)
    if layout == 2:  # values under their labels
        head = (
            "<table><tr>"
            + "".join(f"<th>{label}" for label, _ in pairs)
            + "<tr>"
            + "".join(f"<td>{value}" for _, value in pairs)
            + "</table>"
        )
        shown = [" ".join(label for label, _ in pairs), " ".join(value for _, value in pairs)]
    elif layout == 3:  # firm on the left, the invoice's own on the right
        head = f"<div class=f><div><p>{name}<p>12 Mill Lane</div><div><p>{labels[0]}: {mark}<p>{labels[1]}: {date}</div></div>"
        shown = [f"{firm} {labels[0]}: {mark}", f"12 Mill Lane {labels[1]}: {date}"]
    else:
        colon = ":" if layout % 2 else ""
        head = (
            "<table>" + "".join(f"<tr><td>{label}{colon}<td>{value}" for label, value in pairs) + "</table>"
        )
        shown = [f"{label}{colon} {value}" for label, value in pairs]
    top = "<h1>Invoice</h1>" + ("" if layout == 3 else f"<p>{name}<p>12 Mill Lane")
    first = ["Invoice"] + ([] if layout == 3 else [firm, "12 Mill Lane"])
    body = top + head + table + foot
    if layout == 5:
        body = top + foot + head + table
    table_lines = [" ".join(heads), *(" ".join(row) for row in rows)]
    sum_lines = [f"{label} {value}" for label, value in sums]
    truth = (
        [*first, *sum_lines, *shown, *table_lines]
        if layout == 5
        else [*first, *shown, *table_lines, *sum_lines]
    )
    data = {
        "invoice_number": mark,
        "date": date,
        "total": total,
        "items": [{"item": n, "qty": c, "price": p} for n, c, p in goods],
    }
    item = {"item": _text(), "qty": _text("integer"), "price": _text("number")}
    schema = {
        "type": "object",
        "properties": {
            "invoice_number": _text(),
            "date": _text(format="date"),
            "total": _text("number", description="amount due, tax included"),
            "items": {"type": "array", "items": {"type": "object", "properties": item}},
        },
    }
    return body, truth, data, schema


def form(chance: random.Random, layout: int) -> tuple[str, list[str], dict[str, Any], dict[str, Any]]:
    first, last = (
        chance.choice(("Ada", "Jonas", "Mira", "Tom", "Elif")),
        chance.choice(("Berg", "Okafor", "Lindqvist", "Moreau", "Tanaka")),
    )
    values = {
        "First name": first,
        "Last name": last,
        "Date of birth": f"19{chance.randrange(50, 99)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        "Policy number": f"P{chance.randrange(100000, 999999)}",
        "City": chance.choice(("Leeds", "Graz", "Turku", "Porto")),
        "Postcode": str(chance.randrange(10000, 99999)),
        "Amount claimed": f"{chance.randrange(100, 99999) / 100:.2f}",
    }
    items = list(values.items())
    title = chance.choice(("Claim form", "Registration", "Application"))
    if layout == 6:
        body = "".join(f"<p>{label}: <b>{value}</b>" for label, value in items)
        truth = [f"{label}: {value}" for label, value in items]
    elif layout == 7:
        body = (
            "<table class=b>" + "".join(f"<tr><td>{label}<td>{value}" for label, value in items) + "</table>"
        )
        truth = [f"{label} {value}" for label, value in items]
    elif layout == 8:  # two pairs side by side
        pairs = [items[at : at + 2] for at in range(0, len(items), 2)]
        body = (
            "<table>"
            + "".join("<tr>" + "".join(f"<td>{a}<td><b>{b}</b>" for a, b in pair) for pair in pairs)
            + "</table>"
        )
        truth = [" ".join(f"{a} {b}" for a, b in pair) for pair in pairs]
    else:  # the label in small letters above its value
        body = "".join(
            f"<p style='font-size:11px;color:#555;margin-top:12px'>{label}<p>{value}"
            for label, value in items
        )
        truth = [text for pair in items for text in pair]
    data: dict[str, Any] = {re.sub(r"\W+", "_", label.lower()): value for label, value in items}
    data["amount_claimed"] = float(data["amount_claimed"])
    properties = {name: _text("number" if name == "amount_claimed" else "string") for name in data}
    return f"<h1>{title}</h1>{body}", [title, *truth], data, {"type": "object", "properties": properties}


def scans(maker: Maker) -> Iterator[Picture]:
    """Pages and records as a scanner or a telephone gives them, some of them turned."""
    sources = [row for row in maker.made if row.kind in ("page", "invoice", "form", "table")]
    chance = random.Random("scans")
    twice = [row for row in sources if "documentation" not in row.layout]
    for number, row in enumerate(chance.sample(twice, 28)):
        look = ("scan", "photo", "fax", "turned")[number % 4]
        name = f"{look}-{number}.jpg"
        worn(Image.open(maker.out / row.file), look, random.Random(name)).save(maker.out / name, quality=72)
        yield Picture(name, look, row.layout, row.split, row.lines)


def worn(image: Image.Image, look: str, chance: random.Random) -> Image.Image:
    """The picture of a sheet of paper."""
    import numpy as np

    sheet = image.convert("RGB")
    if sheet.width < 1200:
        factor = 1300 / sheet.width
        sheet = sheet.resize((1300, round(sheet.height * factor)), Image.Resampling.BICUBIC)
    framed = Image.new("RGB", (sheet.width + 120, sheet.height + 120), "white")
    framed.paste(sheet, (60, 60))
    if look == "photo":
        w, h = framed.size
        d = 0.03 * w
        corners = [
            (-chance.random() * d, -chance.random() * d),
            (-chance.random() * d, h + chance.random() * d),
            (w + chance.random() * d, h + chance.random() * d),
            (w + chance.random() * d, -chance.random() * d),
        ]
        framed = framed.transform(
            (w, h),
            Image.Transform.QUAD,
            [value for corner in corners for value in corner],
            Image.Resampling.BICUBIC,
            fillcolor="#8a7d6a",
        )
    framed = framed.rotate(
        chance.uniform(-2.5, 2.5),
        Image.Resampling.BICUBIC,
        expand=True,
        fillcolor="#f4f1ea" if look != "photo" else "#8a7d6a",
    )
    framed = framed.filter(ImageFilter.GaussianBlur(0.9 if look == "fax" else 0.6))
    values = np.asarray(framed).astype(float)
    noise = np.random.default_rng(chance.randrange(1 << 30)).normal(0, 9, values.shape[:2])[:, :, None]
    shade = np.linspace(0.72 if look == "photo" else 0.95, 1.0, values.shape[1])[None, :, None]
    paper = np.array([1.0, 0.985, 0.94])[None, None, :]
    values = np.clip(values * shade * paper + noise, 0, 255)
    made = Image.fromarray(values.astype("uint8"))
    if look == "fax":
        made = made.convert("L").point(lambda v: 0 if v < 150 else 255).convert("RGB")
    if look == "turned":
        made = made.transpose(
            chance.choice((Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270))
        )
    written = io.BytesIO()
    made.save(written, "JPEG", quality=75)
    return Image.open(io.BytesIO(written.getvalue()))


def failures(maker: Maker, folder: Path) -> Iterator[Picture]:
    """The part of a failing run's log around the line that says why, as a terminal shows it."""
    rows = [json.loads(line) for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    chance = random.Random("failures")
    chance.shuffle(rows)
    seen: dict[str, int] = {}
    made = 0
    for row in rows:
        project = row["log"].split("/")[1]
        if made == 40 or seen.get(project, 0) == 2:
            continue
        text = lzma.open(folder / row["log"], "rt", encoding="utf-8", errors="replace").read()
        lines = [
            re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\[[0-9;]*m|[^\x20-\x7e]", "", line).rstrip()[:110]
            for line in re.split(r"\r*\n", text)
        ]
        lines = [line for line in lines if line]
        chunk = [
            re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\[[0-9;]*m|[^\x20-\x7e]", "", line).strip()[:110]
            for line in row["chunk"].splitlines()
        ]
        chunk = [line for line in chunk if line]
        at = next((n for n, line in enumerate(lines) if chunk and line.strip() == chunk[0]), None)
        if at is None or len(chunk) > 14:
            continue
        start = max(0, at - chance.randrange(8, 22))
        shown = lines[start : max(at + len(chunk) + 6, start + 38)][:44]
        theme = list(THEMES)[made % 6]
        name = maker.terminal(f"failure-{made}.png", shown, theme, FONTS[made % 2], SIZES[made % 3])
        seen[project] = seen.get(project, 0) + 1
        made += 1
        yield Picture(name, "failure", project, split_of(made % 2 == 0), shown, guilty="\n".join(chunk))


def secrets(maker: Maker) -> Iterator[Picture]:
    """200 secrets among settings and log lines, as a terminal shows them."""
    from redaction import CONTEXTS, kinds, made

    chance = random.Random("secrets")
    items = list(kinds().items())
    chance.shuffle(items)
    pool = iter(items * 3)
    for number in range(25):
        lines, hidden = [], []
        while len(hidden) < 8:
            _, (name, form) = next(pool)
            value = made(form, chance)
            text = (
                CONTEXTS[("shell", "log or csv", "yaml", "code")[len(hidden) % 4]](name, value, chance)
                if len(value) < 70
                else ""
            )
            block = text.rstrip("\n").split("\n")
            if (
                not text
                or value not in text
                or max(map(len, block)) > 116
                or not all(map(can_be_drawn, block))
            ):
                continue
            lines += block
            hidden.append(value)
        theme = list(THEMES)[number % 6]
        name = maker.terminal(f"secrets-{number}.png", lines, theme, FONTS[number % 2], SIZES[number % 3])
        held = theme in HELD_OUT_THEMES
        yield Picture(name, "secrets", theme, split_of(held), [x for x in lines if x.strip()], secrets=hidden)


if __name__ == "__main__":
    main()
