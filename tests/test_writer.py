"""The writer: a second reader of prose that counts where it qualified, for what the text says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_smalltools.calibration.calibration import Calibration, Logistic
from mcp_smalltools.calibration.qualification import (
    PairFigures,
    Qualification,
    QualifiedWriter,
    keep_qualification,
    qualifications,
    writer_for,
)
from mcp_smalltools.calibration.writer_advice import advice_on_writers
from mcp_smalltools.config import Settings
from mcp_smalltools.doctor.writers import check_writers
from mcp_smalltools.engine.testing import FakeEngine
from mcp_smalltools.errors import DeadlineExceeded, EngineUnavailable
from mcp_smalltools.evaluation.data.extract_cases import read_extract_cases
from mcp_smalltools.learning.writers.fit_pair import adds_right_answers
from mcp_smalltools.models.machine_fit import fits_cores, fits_memory
from mcp_smalltools.models.shipped import library_folder
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service
from mcp_smalltools.tools.extract.assign import PAGE, choose
from mcp_smalltools.tools.extract.confidence import FEATURES_OF_PAIR
from mcp_smalltools.tools.extract.document import Document, Window
from mcp_smalltools.tools.extract.schema import Field, plan_of
from mcp_smalltools.tools.extract.writing.ask_writer import MAX_TEXT, form_of, read_object, readable_parts
from mcp_smalltools.tools.extract.writing.combine import outcomes_of
from mcp_smalltools.tools.extract.writing.evidence import evidence_for, same_value

pytestmark = pytest.mark.anyio

TEXT = """The pump in hall 3 was replaced on 4 March 2024 by Ivo Brandt.

It had run for 11,200 hours, which is more than the maker promises. The new one is a Sulo 40 and was
delivered two weeks late because the first one was lost on its way. Nobody was hurt.
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "technician": {"type": "string", "description": "who replaced the pump"},
        "replaced_on": {"type": "string", "format": "date"},
        "hours": {"type": "integer", "description": "hours that the old pump had run"},
        "price": {"type": "number", "description": "what the new pump cost"},
    },
}
RIGHT = {"technician": "Ivo Brandt", "replaced_on": "2024-03-04", "hours": 11200, "price": None}


def pair(**bias: float) -> Calibration:
    """Each outcome as sure as it is told, others as good as certain."""
    models = {name: Logistic({}, bias.get(name, 6.0)) for name in FEATURES_OF_PAIR}
    return Calibration(models, {"sure_from": 0.9}, FEATURES_OF_PAIR, "all-minilm-l6-v2")


@pytest.fixture
def extract(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls `extract` with a fake engine whose writer answers as it is told."""

    async def call(
        answer: dict[str, Any] | str,
        *,
        text: str = TEXT,
        schema: dict[str, Any] = SCHEMA,
        calibration: Calibration | None = None,
        error: Exception | None = None,
        **changes: Any,
    ) -> tuple[dict[str, Any], FakeEngine]:
        writer = QualifiedWriter("some-writer", calibration or pair())
        monkeypatch.setattr("mcp_smalltools.service.writer_for", lambda skill, given: writer)
        engine = FakeEngine(answers=answer if isinstance(answer, str) else json.dumps(answer))
        if error is not None:
            engine.fail(error, "generate")  # type: ignore[arg-type]
        service = Service(settings.model_copy(update=changes), engine)
        request = ToolRequest("extract", {"text": text, "schema": schema}, deadline_s=20)
        return (await service.call(request)).structured(), engine

    return call


async def test_what_the_writer_wrote_is_given_with_its_line_and_its_name_is_in_the_answer(extract):
    answer, engine = await extract(RIGHT, calibration=pair(reader_of_two=-6.0, reader_alone=-6.0))
    assert answer["data"] == {"technician": "Ivo Brandt", "replaced_on": "2024-03-04", "hours": 11200}
    assert {item["field"]: item["start"] for item in answer["evidence"]}["hours"] == 3
    assert answer["model"] == "all-minilm-l6-v2+reader+some-writer"
    assert answer["missing"] == ["price"]
    assert [call.options.model for call in engine.calls if call.operation == "generate"] == ["some-writer"]


async def test_what_the_text_does_not_say_is_missing_whatever_the_writer_says(extract):
    made_up = {**RIGHT, "technician": "Maria Lopez", "price": 1450.0, "replaced_on": "2024-03-05"}
    answer, _ = await extract(made_up, calibration=pair(reader_alone=-6.0))
    values = set(answer["data"].values())
    assert values.isdisjoint({"Maria Lopez", 1450.0, "2024-03-05"})
    assert answer["data"]["hours"] == 11200


@pytest.mark.parametrize(("doubt", "sure"), [(6.0, True), (-1.0, False)])
async def test_the_pair_s_own_calibration_says_how_sure_the_whole_is(extract, doubt: float, sure: bool):
    answer, _ = await extract(RIGHT, calibration=pair(whole=doubt))
    assert answer["escalate"] is not sure
    assert (answer["confidence"] > 0.9) is sure


@pytest.mark.parametrize(("bias", "given"), [(0.8, False), (1.5, True)])
async def test_an_optional_value_of_one_reader_is_given_from_three_of_four_on_and_else_its_line_is_named(
    extract, bias: float, given: bool
):
    names = ("writer_alone", "writer_of_two", "reader_of_two", "reader_alone")
    calibration = pair(**dict.fromkeys(names, bias), whole=-2.0)
    text = f"The pump was changed.\n\n{TEXT}"
    answer, _ = await extract(RIGHT, text=text, calibration=calibration)
    one_sided = [name for name in ("technician", "hours") if name not in answer["data"]]
    assert ("technician" in answer["data"]) == given
    assert all(name in answer["missing"] for name in one_sided)
    assert (re.search(r"line \d for technician", answer["reason"]) is None) == given


@pytest.mark.parametrize(("required", "outcome"), [(False, "held_back"), (True, "writer_alone")])
def test_a_yes_that_only_the_writer_infers_is_no_value_of_an_optional_field(required: bool, outcome: str):
    item = Field(("insured",), "boolean", {"type": "boolean"}, required)
    nothing = choose([item], [[]], TEXT, PAGE)[0]
    inferred = evidence_for(item, True, [Window(0, TEXT)])
    [way] = outcomes_of(item, nothing, inferred, 3.0, is_request=False)
    assert way.outcome == outcome
    assert (way.chosen is None) == (not required)


def schema_of_parts(count: int) -> dict[str, Any]:
    properties = {f"part_{n}": {"type": "string", "description": f"part number {n}"} for n in range(count)}
    return {"type": "object", "properties": properties}


async def test_of_more_fields_than_it_is_good_for_the_writer_is_asked_for_none(extract):
    answer, engine = await extract({}, schema=schema_of_parts(13))
    assert [call for call in engine.calls if call.operation == "generate"] == []
    assert "some-writer" not in answer["model"]


async def test_of_a_long_text_the_writer_is_asked_for_what_is_doubted_in_groups_of_one_text(extract):
    schema = schema_of_parts(12)
    properties = schema["properties"]
    long = TEXT + "".join(f"\nParagraph {n} is about nothing in particular." for n in range(80))
    answer, engine = await extract({}, schema=schema, text=long)
    [call] = [call for call in engine.calls if call.operation == "generate"]
    asked = [name for prompt in call.items for name in prompt.schema["properties"]]
    assert len(call.items) > 1
    assert sorted(asked) == sorted(set(asked))
    assert set(asked) <= set(properties)
    starts = {prompt.messages[1].content.partition("Fields:")[0] for prompt in call.items}
    assert len(starts) == 1
    assert answer["escalate"]


async def test_a_writer_that_has_no_time_leaves_the_reader_s_values_and_the_answer_says_so(extract):
    answer, _ = await extract("", error=DeadlineExceeded("too slow"))
    assert "no time for some-writer to read technician, replaced_on, hours, price" in answer["note"]
    assert set(answer["data"]) | set(answer["missing"]) == set(RIGHT)


async def test_an_answer_that_breaks_off_counts_as_far_as_it_goes(extract):
    begun = '{"technician": "Ivo Brandt", "replaced_on": "2024-03-04", "hours": 112'
    answer, _ = await extract(begun, calibration=pair(reader_of_two=-6.0))
    assert answer["data"]["technician"] == "Ivo Brandt"
    assert "no time for some-writer to read hours, price" in answer["note"]


async def test_a_writer_that_fails_is_named_and_one_reader_answers(extract):
    answer, _ = await extract("", error=EngineUnavailable("gone"))
    assert "The writer could not read (engine_unavailable)" in answer["note"]
    assert "some-writer" not in answer["model"]


async def test_code_reads_a_data_file_alone_and_no_writer_is_asked(extract):
    text = json.dumps({"technician": "Ivo", "replaced_on": "2024-03-04", "hours": 1, "price": 2.5})
    answer, engine = await extract({}, text=text)
    assert answer["data"]["technician"] == "Ivo" and not answer["escalate"]
    assert [call for call in engine.calls if call.operation == "generate"] == []


async def test_beside_another_encoder_than_the_measured_one_no_writer_is_asked(extract):
    _, engine = await extract(RIGHT, embed_model="another-encoder")
    assert [call for call in engine.calls if call.operation == "generate"] == []


async def test_answers_with_and_without_a_writer_are_not_taken_for_each_other(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(answers=json.dumps(RIGHT))
    service = Service(settings, engine)
    request = ToolRequest("extract", {"text": TEXT, "schema": SCHEMA})
    alone = await service.call(request)
    writer = QualifiedWriter("some-writer", pair())
    monkeypatch.setattr("mcp_smalltools.service.writer_for", lambda skill, given: writer)
    together = await service.call(request)
    assert "some-writer" not in (alone.model or "") and "some-writer" in (together.model or "")


def field_of(name: str = "x", **schema: Any) -> Field:
    [field] = plan_of({"type": "object", "properties": {name: schema}}).fields
    return field


@pytest.mark.parametrize(
    ("schema", "written", "text", "value"),
    [
        ({"type": "string"}, "ivo brandt", "by Ivo\n  Brandt.", "Ivo Brandt"),
        ({"type": "string"}, "Iv", "by Ivo", None),
        ({"type": "string"}, "n/a", "n/a", None),
        ({"type": "number"}, 1234.5, "it was 1,234.50 EUR", 1234.5),
        ({"type": "number"}, 12, "it was 1,234.50 EUR", None),
        ({"type": "integer"}, 3, "three of them", 3),
        ({"type": "integer"}, 1, "one of them", 1),
        ({"type": "integer"}, 40512, "40 512 kg", 40512),
        ({"type": "number"}, 1234.5, "EUR 1.234,50", 1234.5),
        ({"type": "number"}, 40512.3, "40 512 kg", None),
        ({"type": "string", "format": "date"}, "2024-03-03", "on 3 March 2024", "2024-03-03"),
        ({"type": "string", "format": "date"}, "2024-03-04", "on 3 March 2024", None),
        ({"type": "string", "description": "time, HH:MM"}, "16:42", "at 4:42 pm", "16:42"),
        ({"type": "array", "items": {"type": "string"}}, ["a b", "c"], "a b and c", ["a b", "c"]),
        ({"type": "array", "items": {"type": "string"}}, ["a b", "d"], "a b and c", None),
        ({"type": "string", "pattern": "^[A-Z]{2}-\\d+$"}, "AB-12", "no AB-12", "AB-12"),
        ({"type": "string", "pattern": "^[A-Z]{2}-\\d+$"}, "no", "no AB-12", None),
    ],
)
def test_a_value_counts_only_where_the_text_has_it(schema, written, text: str, value):
    found = evidence_for(field_of(**schema), written, [Window(0, text)])
    assert (found.value if found else None) == value


def test_of_several_places_the_one_after_the_field_s_name_is_the_evidence():
    text = "port 80 is open\ntimeout of 80 seconds"
    found = evidence_for(field_of("timeout", type="integer"), 80, [Window(0, text)])
    assert found is not None and found.start > text.index("timeout")


def test_yes_or_no_has_no_words_in_the_text_so_it_is_marked_as_inferred():
    found = evidence_for(field_of(type="boolean"), True, [Window(0, "it is allowed")])
    assert found is not None and not found.said


def test_two_readers_mean_the_same_up_to_case_and_signs_around_it():
    assert same_value("Ivo Brandt.", "ivo  brandt") and same_value([1, 2], [1.0, 2])
    assert not same_value("C++", "C") and not same_value(1, True) and not same_value("1", 1)


@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=8), max_size=4),
    st.data(),
)
def test_what_can_be_read_of_an_object_that_breaks_off_is_in_the_whole_one(members, data):
    text = json.dumps(members, ensure_ascii=False)
    start = text[: data.draw(st.integers(0, len(text)))]
    assert dict(read_object(start)).items() <= members.items()
    assert read_object(text) == members


@given(st.text(max_size=60))
def test_any_text_can_be_read_as_an_answer(text: str):
    assert isinstance(dict(read_object(text)), dict)


def test_the_form_asks_for_every_field_and_lets_only_optional_ones_be_null():
    schema = {**SCHEMA, "required": ["technician"]}
    form = form_of(plan_of(schema).fields)
    assert form["required"] == list(RIGHT)
    assert form["properties"]["technician"] == {"type": "string"}
    assert {"type": "null"} in form["properties"]["hours"]["anyOf"]


def test_of_a_long_text_the_parts_that_matter_are_read():
    lines = [f"Paragraph {n} is about nothing in particular.\n" for n in range(2000)]
    lines[1500] = "The technician of the pump was Ivo Brandt, as the log of the night says.\n"
    document = Document("long.txt", "".join(lines).split("\n"))
    document.prepare(lambda: None)
    parts = readable_parts([field_of("technician_of_the_pump", type="string")], document)
    read = "".join(part.text for part in parts)
    assert "Ivo Brandt" in read and len(read) <= MAX_TEXT
    assert all(document.text[part.start :].startswith(part.text) for part in parts)


# -- which model is used ----------------------------------------------------------------------------------

FIGURES = PairFigures(60, 0.8, 0.4, 0.01, 0.3, 0.95)


def qualified(model: str, settings: Settings, sha256: str, *, whole: float = 0.6) -> Qualification:
    together = replace(FIGURES, whole=whole)
    found = Qualification(
        "extract", model, sha256, True, "2026-11-30", FIGURES, together, pair().to_json(), True
    )
    keep_qualification(found, settings)
    return found


@pytest.fixture
def own(tmp_path: Path, settings: Settings) -> Settings:
    """One GGUF file of the user's that writes, `mine`, and no shipped measurement."""
    from mcp_smalltools.models.own_models import register_model

    settings = settings.model_copy(update={"model_dir": tmp_path / "models", "writer": "auto"})
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF" + b"0" * 100)
    register_model(file, "mine", settings, kind="generate", context=512, licence="MIT")
    return settings


def sha256_of_mine(settings: Settings) -> str:
    from mcp_smalltools.models.catalog import ensure_model

    return ensure_model("mine", settings).sha256


def test_a_model_that_qualified_and_is_here_is_used_and_its_calibration_goes_along(own: Settings) -> None:
    assert writer_for("extract", own) is None
    qualified("mine", own, sha256_of_mine(own))
    writer = writer_for("extract", own)
    assert writer is not None and writer.model == "mine"
    again = QualifiedWriter.from_json(json.loads(json.dumps(writer.to_json())))
    assert again == writer and again.calibration.features == FEATURES_OF_PAIR


def test_a_model_that_is_off_another_file_or_did_not_qualify_is_not_used(own: Settings) -> None:
    qualified("mine", own, "0" * 64)
    assert writer_for("extract", own) is None  # its file is another one than was measured
    found = qualified("mine", own, sha256_of_mine(own))
    assert writer_for("extract", own.model_copy(update={"writer": "off"})) is None
    assert writer_for("extract", own.model_copy(update={"writer": "another"})) is None
    assert writer_for("extract", own.model_copy(update={"writer": "mine"})) is not None
    keep_qualification(replace(found, qualified=False), own)
    assert writer_for("extract", own) is None


def test_left_to_choose_a_machine_of_few_cores_takes_the_model_that_it_runs_in_seconds(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcp_smalltools.models.catalog import ensure_model
    from mcp_smalltools.models.own_models import register_model

    file = tmp_path / "large.gguf"
    file.write_bytes(b"GGUF" + b"1" * 2000)
    register_model(file, "large", own, kind="generate", context=512, licence="MIT")
    large = ensure_model("large", own).sha256
    qualified("large", own, large, whole=0.9)
    monkeypatch.setattr("mcp_smalltools.models.machine_fit.FAST_FROM", 1000)
    monkeypatch.setattr("mcp_smalltools.models.machine_fit.os.cpu_count", lambda: 2)

    def chosen(settings: Settings) -> str:
        writer = writer_for("extract", settings)
        return writer.model if writer else ""

    assert chosen(own) == "large"  # who fetched nothing else wants this one
    qualified("mine", own, sha256_of_mine(own), whole=0.6)
    assert chosen(own) == "mine"
    assert chosen(own.model_copy(update={"writer": "large"})) == "large"
    monkeypatch.setattr("mcp_smalltools.models.machine_fit.os.cpu_count", lambda: 8)
    assert chosen(own) == "large"


def test_what_a_server_runs_qualifies_for_itself(own: Settings) -> None:
    remote = own.model_copy(update={"engine_urls": ("http://127.0.0.1:9",), "generate_model": "large"})
    qualified("large", own, "over HTTP")
    assert writer_for("extract", remote) is None
    qualified("large over HTTP", own, "over HTTP")
    assert writer_for("extract", remote) is not None
    assert writer_for("extract", own) is None


def test_a_damaged_file_of_measurements_is_as_none(own: Settings) -> None:
    path = own.state_dir / "writers" / "extract.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert writer_for("extract", own) is None
    path.write_text('{"mine": {"sha256": 1}}')
    assert {item.here for item in qualifications("extract", own).values()} <= {False}


@pytest.mark.parametrize(
    ("whole", "sure", "right", "adds"),
    [(0.5, 0.4, 0.96, True), (0.5, 0.4, 0.8, False), (0.35, 0.4, 0.99, False), (0.5, 0.1, 0.96, False)],
)
def test_a_pair_qualifies_if_more_is_right_at_the_same_certainty(whole, sure, right, adds):
    together = replace(FIGURES, whole=whole, sure=sure, right_of_sure=right)
    assert adds_right_answers(FIGURES, together) is adds
    assert not adds_right_answers(FIGURES, replace(together, right_of_sure=None))


def test_the_doctor_says_which_writer_reads_along_and_what_it_is_worth(own: Settings) -> None:
    qualified("mine", own, sha256_of_mine(own))
    [check] = check_writers(own)
    assert "mine reads along: extract whole right 0.40 -> 0.60" in check.found
    assert advice_on_writers(own) is None
    [off] = check_writers(own.model_copy(update={"writer": "off"}))
    assert "off" in off.found


def test_a_model_fits_where_memory_and_cores_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_smalltools.models.machine_fit._memory", lambda: 16 << 30)
    monkeypatch.setattr("mcp_smalltools.models.machine_fit.os.cpu_count", lambda: 2)
    assert fits_memory(1117 << 20) and not fits_memory(8 << 30)
    assert fits_cores(491 << 20) and not fits_cores(1117 << 20)
    monkeypatch.setattr("mcp_smalltools.models.machine_fit.os.cpu_count", lambda: 8)
    assert fits_cores(1117 << 20)


def test_the_model_that_adds_most_of_those_that_fit_is_advised(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = settings.model_copy(update={"model_dir": tmp_path / "models", "writer": "auto"})
    monkeypatch.setattr("mcp_smalltools.models.machine_fit._memory", lambda: 16 << 30)
    monkeypatch.setattr("mcp_smalltools.models.machine_fit.os.cpu_count", lambda: 2)

    def advised(has_gpu: bool) -> str:
        advice = advice_on_writers(empty, lambda: has_gpu)
        assert advice is not None and "extract whole right" in advice.sentence()
        return advice.model

    assert advised(False) == "qwen2.5-coder-0.5b"
    assert advised(True) == "qwen2.5-coder-1.5b"
    monkeypatch.setattr("mcp_smalltools.models.machine_fit._memory", lambda: 1 << 30)
    assert advice_on_writers(empty) is None


# -- the cases that ship ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pages.txt", "requests.txt"])
def test_the_cases_that_a_model_qualifies_with_can_be_read_and_say_what_they_hold(name: str) -> None:
    cases = read_extract_cases(library_folder() / "skills" / "extract" / name)
    assert len(cases) >= 50
    for case in cases:
        for field in plan_of(case.schema).fields:
            ways = [way for way in case.accepted[field.name] if way != ""]
            said = [evidence_for(field, way, [Window(0, case.request)]) for way in ways]
            if name == "pages.txt" and field.type != "boolean" and ways:
                assert any(said), (case.path, field.name)


# -- with the real one ------------------------------------------------------------------------------------


@pytest.fixture
def real_writer(settings: Settings) -> str:
    """The small writer, if it is here: 491 MB that `make test` fetches once."""
    from mcp_smalltools.models.catalog import ModelStore
    from mcp_smalltools.models.library import manifest_of

    model = "qwen2.5-coder-0.5b"
    if ModelStore(manifest_of(model, settings), settings).ready() is None:
        pytest.skip(f"{model} is not here: mcp-smalltools models pull {model} (491 MB)")
    return model


@pytest.mark.slow
async def test_the_real_writer_fills_in_what_a_text_says_and_the_answer_holds_nothing_else(
    settings: Settings, engine: Any, real_writer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = QualifiedWriter(real_writer, pair(reader_of_two=-6.0, reader_alone=-6.0))
    monkeypatch.setattr("mcp_smalltools.service.writer_for", lambda skill, given: writer)
    request = ToolRequest("extract", {"text": TEXT, "schema": SCHEMA}, deadline_s=300)
    answer = (await Service(settings, engine).call(request)).structured()
    assert answer["model"].endswith(real_writer)
    assert answer["data"]["technician"] == "Ivo Brandt"
    assert answer["data"]["hours"] == 11200
    assert answer["data"].get("replaced_on") in (None, "2024-03-04")
    assert "price" not in answer["data"] or str(answer["data"]["price"]) in TEXT


@pytest.mark.slow
async def test_the_real_writer_writes_json_as_it_has_learned_it(engine: Any, real_writer: str) -> None:
    from mcp_smalltools.engine.api import CallOptions, Sampling
    from mcp_smalltools.tools.extract.writing.ask_writer import prompt_of

    fields = plan_of({**SCHEMA, "required": list(RIGHT)}).fields[:2]
    sampling = Sampling(max_tokens=64, schema=form_of(fields))
    [written] = await engine.generate(
        [prompt_of(fields, TEXT)], sampling, CallOptions(model=real_writer, deadline_s=300)
    )
    assert written.text.startswith('{"technician": "') and '", "replaced_on": "' in written.text
    assert list(json.loads(written.text)) == ["technician", "replaced_on"]
