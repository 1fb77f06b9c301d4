"""Pictures and scans: what is read, where it is, how sure, what is refused, and what may leave."""

from __future__ import annotations

import importlib.util
import io
import json
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.config import RootSpec, Settings
from mcp_smalltools.errors import SmallToolsError, Unreadable, UsageError
from mcp_smalltools.evaluation.reading_accuracy import compare
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.pictures.picture_file import is_picture
from mcp_smalltools.pictures.reading import Fragment, Page, PictureLine, ReadPicture
from mcp_smalltools.privacy.in_pictures import random_spans
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.result import Answer, Span
from mcp_smalltools.service import Service
from mcp_smalltools.tools.find_failure.answer import Evidence, FindFailureAnswer
from mcp_smalltools.tools.picture_answers import note_pictures
from mcp_smalltools.tools.read_redacted.masked_copy import hidden_spans, places_to_hide

NEEDED = ("rapidocr", "onnxruntime", "pypdfium2", "PIL", "cv2")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, NEEDED)), reason="the extra `pictures` is not installed"
    ),
]
LINES = (
    "Collecting tests from src",
    "tests/test_till.py failed",
    "E   AssertionError: 41 != 42",
    "api_key = sk_live_9aFq73LmZx20TtBvYw81",
    "2 passed, 1 failed in 3.25s",
)


def drawn(lines: tuple[str, ...] = LINES, *, dark: bool = True, size: int = 22) -> Any:
    from PIL import Image, ImageDraw, ImageFont

    ground, ink = ("#1e1e1e", "#dddddd") if dark else ("#ffffff", "#222222")
    letters = ImageFont.load_default(size)
    image = Image.new("RGB", (640, 40 * len(lines) + 30), ground)
    for row, line in enumerate(lines):
        ImageDraw.Draw(image).text((20, 15 + 40 * row), line, font=letters, fill=ink)
    return image


def saved(image: Any, kind: str = "PNG", **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


@pytest.fixture(scope="module")
def reader() -> Any:
    from mcp_smalltools.pictures.read import PictureReader

    return PictureReader()


def read(reader: Any, data: bytes) -> ReadPicture:
    return reader.read(data, lambda: None)


def right_share(picture: ReadPicture, lines: tuple[str, ...] = LINES) -> float:
    compared = compare(lines, [line.text for line in picture.lines])
    return 1 - compared.wrong / compared.characters


@pytest.fixture
async def service(tmp_path: Path, base_settings: Settings) -> AsyncIterator[Service]:
    folder, sealed = tmp_path / "open", tmp_path / "sealed"
    folder.mkdir()
    sealed.mkdir()
    roots = (
        RootSpec(path=folder, level=PrivacyLevel.REDACTED),
        RootSpec(path=sealed, level=PrivacyLevel.SEALED),
    )
    changes = {"roots": roots, "state_dir": tmp_path / "state", "offline": True}
    made = Service(base_settings.model_copy(update=changes))
    yield made
    await made.close()


async def asked(service: Service, tool: str, path: str) -> Answer:
    return await service.call(ToolRequest(tool, {"path": path}))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
def test_each_format_is_read(reader: Any, kind: str) -> None:
    picture = read(reader, saved(drawn(LINES[:3]), kind))
    assert picture.kind == kind
    assert right_share(picture, LINES[:3]) > 0.9


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_a_turned_page_is_read_and_its_boxes_lie_on_the_page_as_it_is(reader: Any, quarter: int) -> None:
    image = drawn(dark=False).rotate(90 * quarter, expand=True)
    picture = read(reader, saved(image))
    assert right_share(picture) > 0.9
    left, top, right, bottom = picture.lines[0].box() or (0, 0, 0, 0)
    assert (right <= image.width + 3) and (bottom <= image.height + 3)
    stands = bottom - top > right - left
    assert stands is (quarter % 2 == 1)


def test_a_light_and_a_dark_picture_say_what_they_are(reader: Any) -> None:
    assert read(reader, saved(drawn(LINES[:1]))).shown == "a dark screenshot"
    assert read(reader, saved(drawn(LINES[:1], dark=False))).shown == "a light screenshot"


def test_a_slightly_turned_page_keeps_its_lines(reader: Any) -> None:
    image = drawn(dark=False).rotate(2, expand=True, fillcolor="#ffffff")
    picture = read(reader, saved(image))
    assert right_share(picture) > 0.85
    assert compare(LINES, [line.text for line in picture.lines]).in_order == len(LINES)


def test_a_camera_picture_is_turned_as_its_metadata_says(reader: Any) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter with the clock
    data = saved(drawn(dark=False).rotate(90, expand=True), "JPEG", exif=exif)
    assert right_share(read(reader, data)) > 0.9


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    from mcp_smalltools.pictures.arrange import Piece, lines_of

    def piece(text: str, left: float, top: float) -> Piece:
        right, bottom = left + 8 * len(text), top + 16
        quad = (left, top, right, top, right, bottom, left, bottom)
        edges = tuple((n / len(text), (n + 1) / len(text)) for n in range(len(text)))
        return Piece(text, quad, edges, (1.0,) * len(text), left, top, right, bottom)

    left = [f"this is line {chr(97 + n)} of the first column" for n in range(6)]
    right = [f"here is line {chr(97 + n)} of the second column" for n in range(6)]
    pieces = [piece(text, 10, 24 * row) for row, text in enumerate(left)]
    pieces += [piece(text, 420, 24 * row) for row, text in enumerate(right)]
    found = [line.text for line in lines_of(pieces, 1) if line.text]
    assert found == left + right

    cells = [
        piece(text, x, 24 * row) for row in range(6) for x, text in ((10, f"host-{row}"), (420, "12 MB"))
    ]
    table = [line.text for line in lines_of(cells, 1)]
    assert [" ".join(line.split()) for line in table] == [f"host-{row} 12 MB" for row in range(6)]
    assert all("  " in line for line in table)


def test_a_pdf_without_a_text_layer_is_read_and_one_with_text_is_not_recognised(reader: Any) -> None:
    scanned = read(reader, saved(drawn(dark=False), "PDF"))
    assert scanned.kind == "PDF"
    assert scanned.pages[0].scanned
    assert right_share(scanned) > 0.9

    written = read(reader, pdf_with_text("Total due: 1,204.10 EUR"))
    assert not written.pages[0].scanned
    assert [line.text for line in written.lines] == ["Total due: 1,204.10 EUR"]
    assert min(written.lines[0].probabilities()) == 1.0


def pdf_with_text(text: str) -> bytes:
    stream = f"BT /F1 18 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return made + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, end)


def bomb() -> bytes:
    """A PNG of 50,000 x 50,000 pixels in a few bytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data", [bomb(), b"\x89PNG\r\n\x1a\n" + b"x" * 99, b"%PDF-1.7\nnothing", b"\xff\xd8\xff" * 9]
)
def test_bombs_and_damaged_files_are_refused(reader: Any, data: bytes) -> None:
    with pytest.raises(Unreadable):
        read(reader, data)


async def test_a_failure_is_found_on_a_screenshot_with_its_place_and_no_surer_than_it_was_read(
    service: Service, tmp_path: Path
) -> None:
    (tmp_path / "open" / "run.png").write_bytes(saved(drawn()))
    answer = await asked(service, "find_failure", f"{tmp_path}/open/run.png")
    given = answer.structured()
    line = next(span for span in given["evidence"] if "AssertionError" in span["text"])
    page, left, top, right, bottom = line["box"]
    assert page == 1 and left < 60 and right > 200
    assert top < 15 + 40 * line["start"] and bottom > 40 * (line["start"] - 1)
    assert given.get("confidence", 0.0) < 1


async def test_a_secret_on_a_picture_is_masked_in_text_and_painted_over_in_the_copy(
    service: Service, reader: Any, tmp_path: Path
) -> None:
    from PIL import Image, PngImagePlugin

    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "made by Ann with sk_live_9aFq73LmZx20TtBvYw81")
    (tmp_path / "open" / "run.png").write_bytes(saved(drawn(), pnginfo=told))
    request = ToolRequest("read_redacted", {"path": f"{tmp_path}/open/run.png", "export_path": "copy.png"})
    given = (await service.call(request)).structured()
    assert not any("9aFq73" in line for line in given["lines"])
    copy = Path(given["export"]).read_bytes()
    assert b"sk_live" not in copy and b"Comment" not in copy
    again = "\n".join(line.text for line in read(reader, copy).lines)
    assert "AssertionError" in again
    assert "9aFq73" not in again and "20Tt" not in again
    assert Image.open(io.BytesIO(copy)).size == drawn().size


async def test_pictures_in_sealed_folders_are_not_read_unless_the_user_allows_it(
    service: Service, tmp_path: Path
) -> None:
    (tmp_path / "sealed" / "run.png").write_bytes(saved(drawn()))
    with pytest.raises(Unreadable, match="sealed_pictures"):
        await asked(service, "find_failure", f"{tmp_path}/sealed/run.png")
    changes = {"sealed_pictures": True}
    allowed = Service(service.settings.model_copy(update=changes))
    try:
        given = (
            await allowed.call(ToolRequest("find_failure", {"path": f"{tmp_path}/sealed/run.png"}))
        ).structured()
    finally:
        await allowed.close()
    assert given["failed"] is True
    assert not any(span.get("text") for span in given["evidence"])


async def test_the_same_picture_is_read_once(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open" / "run.png").write_bytes(saved(drawn()))
    (tmp_path / "open" / "same.png").write_bytes(saved(drawn()))
    await asked(service, "read_redacted", f"{tmp_path}/open/run.png")
    monkeypatch.setattr(service.pictures, "_ask", lambda *_: pytest.fail("it was read again"))
    given = (await asked(service, "read_redacted", f"{tmp_path}/open/same.png")).structured()
    assert given["of"] >= len(LINES)


async def test_without_the_extra_the_sentence_says_how_to_install_it(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcp_smalltools.workers import picture_client

    (tmp_path / "open" / "run.png").write_bytes(saved(drawn()))
    monkeypatch.setattr(picture_client, "PACKAGES", ("a_package_that_nobody_has",))
    with pytest.raises(Unreadable, match=r"pip install 'mcp-smalltools\[pictures\]'"):
        await asked(service, "find_failure", f"{tmp_path}/open/run.png")


async def test_what_kind_of_picture_it_is_stands_in_its_summary(service: Service, tmp_path: Path) -> None:
    (tmp_path / "open" / "run.png").write_bytes(saved(drawn()))
    given = (await asked(service, "summarize_file", f"{tmp_path}/open/run.png")).structured()
    assert given["kind"] == "picture"
    assert "640 x 230 pixels" in given["note"] and "dark screenshot" in given["note"]


async def test_only_a_picture_has_a_masked_copy(service: Service, tmp_path: Path) -> None:
    (tmp_path / "open" / "a.txt").write_text("a\n")
    with pytest.raises(UsageError, match="no picture"):
        await service.call(
            ToolRequest("read_redacted", {"path": f"{tmp_path}/open/a.txt", "export_path": "a.png"})
        )


def a_line(text: str, probability: float = 1.0, *, at: float = 0.0) -> PictureLine:
    edges = tuple((n / len(text), (n + 1) / len(text)) for n in range(len(text)))
    quad = (0.0, at, 10.0 * len(text), at, 10.0 * len(text), at + 20, 0.0, at + 20)
    return PictureLine(text, 1, (Fragment(0, quad, edges, (probability,) * len(text)),))


def test_an_answer_is_no_surer_than_the_reading_of_what_it_rests_on() -> None:
    picture = ReadPicture("PNG", (Page(800, 600, True),), (a_line("ok", 1.0), a_line("error 41", 0.9, at=30)))
    answer = FindFailureAnswer(confidence=0.97, evidence=[Evidence(start=2, end=2, text="error 41")])
    note_pictures(answer, {"a.png": picture})
    assert answer.confidence == pytest.approx(0.9**8, abs=0.001)
    assert answer.escalate and "line 2" in (answer.reason or "")
    assert answer.evidence[0].box == [1, 0, 30, 81, 51]

    sure = FindFailureAnswer(confidence=0.97, evidence=[Evidence(start=1, end=1, text="ok")])
    note_pictures(sure, {"a.png": picture})
    assert sure.confidence == 0.97 and not sure.escalate


def test_what_is_sure_enough_of_a_text_may_not_be_of_a_picture() -> None:
    picture = ReadPicture("PNG", (Page(800, 600, True),), (a_line("ok", 1.0),))
    answer = FindFailureAnswer(confidence=0.85, evidence=[Evidence(start=1, end=1, text="ok")])
    note_pictures(answer, {"a.png": picture})
    assert answer.confidence == 0.85
    assert answer.escalate and "look at it there" in (answer.reason or "")


def test_a_field_is_no_surer_than_its_digits() -> None:
    from mcp_smalltools.tools.extract.answer import ExtractAnswer, FieldEvidence

    line = a_line("Total: 41.50 EUR")
    fragment = line.fragments[0]
    doubt = tuple(0.5 if char == "4" else 1.0 for char in line.text)
    doubted = PictureLine(line.text, 1, (Fragment(0, fragment.quad, fragment.edges, doubt),))
    picture = ReadPicture("PNG", (Page(800, 600, True),), (doubted,))
    answer = ExtractAnswer(
        data={"total": 41.5, "currency": "EUR"},
        evidence=[
            FieldEvidence(field="total", start=1, end=1, text=line.text),
            FieldEvidence(field="currency", start=1, end=1, text=line.text, confidence=0.95),
        ],
    )
    note_pictures(answer, {"a.png": picture})
    total, currency = answer.evidence
    assert total.confidence == 0.5 and currency.confidence == 0.95
    assert total.box == [1, 70, 0, 121, 21]
    assert answer.escalate


@pytest.mark.parametrize(
    ("line", "masked", "hidden"),
    [
        ("key = abc123", "key = <SECRET_1>", ["abc123"]),
        ("a@b.de and c@d.de", "<EMAIL_1> and <EMAIL_2>", ["a@b.de", "c@d.de"]),
        ("nothing", "nothing", []),
        ("key = abc", "another line", ["key = abc"]),
    ],
)
def test_what_a_masked_line_hides_is_known_or_all_of_it_is_hidden(
    line: str, masked: str, hidden: list[str]
) -> None:
    assert [line[start:end] for start, end in hidden_spans(line, masked)] == hidden


def test_every_masked_character_is_under_a_place_to_hide() -> None:
    picture = ReadPicture("PNG", (Page(800, 600, True),), (a_line("password = Tiger77!x0"),))
    from mcp_smalltools.privacy.redact import Redactor

    ((page, quad),) = list(places_to_hide(picture, Redactor().scrub))
    assert page == 1 and quad[0] <= 110 and quad[2] >= 209


def test_tokens_made_by_chance_are_told_from_words_times_and_paths() -> None:
    text = "2031-02-03T10:00:01 /usr/lib/python3.12/site-packages sk_1ive_9aFq73LmZx20 VersionUtilsKt"
    assert [text[start:end] for start, end in random_spans(text)] == ["sk_1ive_9aFq73LmZx20"]


PROBABILITIES = st.floats(0, 1)


@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_characters="\n\r"), max_size=20), PROBABILITIES), max_size=6
    )
)
def test_what_was_read_survives_packing(lines: list[tuple[str, float]]) -> None:
    picture = ReadPicture(
        "PNG",
        (Page(10, 10, True),),
        tuple(
            a_line(text, round(probability, 4)) if text else PictureLine("", 1) for text, probability in lines
        ),
        2,
        "a scan or photograph",
    )
    again = ReadPicture.unpacked(json.loads(json.dumps(picture.packed())))
    assert again.text() == picture.text()
    assert [line.box() for line in again.lines] == [line.box() for line in picture.lines]
    assert again.skipped_pages == 2


def test_a_damaged_reading_is_refused() -> None:
    packed = ReadPicture("PNG", (Page(9, 9, True),), (a_line("ab"),)).packed()
    packed["lines"][0] = ("a\nb", 1, [])
    with pytest.raises(ValueError, match="several"):
        ReadPicture.unpacked(packed)


def test_text_that_begins_like_a_bitmap_is_no_picture(tmp_path: Path) -> None:
    from mcp_smalltools.files.roots import Roots

    (tmp_path / "a.txt").write_text("BMW 3 series, 2,000 km\n" * 3)
    with Roots.of(Settings(roots=(RootSpec(path=tmp_path),))).open(str(tmp_path / "a.txt")) as file:
        assert not is_picture(file)


def test_an_answer_without_pictures_is_left_alone() -> None:
    answer = Answer(confidence=0.4)
    note_pictures(answer, {"a.png": ReadPicture("PNG", (), ())})
    assert answer.confidence == 0.0
    assert Span(start=1, end=1).box is None


async def test_a_picture_that_takes_too_long_is_an_error_not_a_hang(service: Service, tmp_path: Path) -> None:
    (tmp_path / "open" / "run.png").write_bytes(saved(drawn()))
    with pytest.raises(SmallToolsError):
        await service.call(
            ToolRequest("read_redacted", {"path": f"{tmp_path}/open/run.png"}, deadline_s=0.001)
        )
