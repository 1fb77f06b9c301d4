"""`POST /v1/systemone`: every answer is well-formed, whatever is asked; refusals say what to send."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.requests import Request

from mcp_smalltools.principal import LOCAL
from mcp_smalltools.server.systemone import SystemOne, without_negation
from mcp_smalltools.service import Service

STATE = "Customer writes: our nightly export has failed three nights in a row. Please fix it or refund us."
QUESTIONS = {
    "failing": {"type": "noul", "instructions": "Is a scheduled export failing?"},
    "team": {
        "type": "choice",
        "instructions": "Which team should own it?",
        "criteria": {
            "engineering": "Fixes broken functions",
            "billing": "Invoices and refunds",
            "none": "No team",
        },
    },
    "mood": {"type": "score", "instructions": "How upset?", "criteria": ["Calm", "Annoyed", "Angry"]},
    "alone": {"type": "choice", "criteria": {"only": "the only option"}},
    "same": {"type": "score", "criteria": ["equal", "equal"]},
}


@contextlib.asynccontextmanager
async def no_limit(principal):
    yield


@pytest.fixture
async def ask(settings, engine):
    service = Service(settings, engine)
    systemone = SystemOne(service, lambda: LOCAL, no_limit)

    async def post(body):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()

        async def receive():
            return {"type": "http.request", "body": content}

        reply = await systemone.answer(Request({"type": "http", "method": "POST", "headers": []}, receive))
        return reply.status_code, json.loads(reply.body)

    yield post
    await service.close()


@pytest.mark.anyio
async def test_answers_are_distributions_over_what_was_asked(ask):
    status, reply = await ask({"model": "any", "state": STATE, "questions": QUESTIONS})
    assert status == 200
    answers = reply["answers"]
    assert set(answers) == set(QUESTIONS)
    assert 0 <= answers["failing"]["noul"] <= 1
    assert set(answers["team"]["probabilities"]) == {"engineering", "billing", "none"}
    assert set(answers["mood"]["probabilities"]) == {"0", "1", "2"}
    assert answers["same"]["probabilities"] == {"0": 0.5, "1": 0.5}
    for name in ("team", "mood", "alone", "same"):
        assert sum(answers[name]["probabilities"].values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.anyio
async def test_a_question_and_its_negation_share_one(ask):
    questions = {
        "yes": {"type": "noul", "instructions": "Is the export failing?"},
        "no": {"type": "noul", "instructions": "Is the export not failing?"},
    }
    _, reply = await ask({"state": {"text": STATE}, "questions": questions})
    answers = reply["answers"]
    assert answers["yes"]["noul"] + answers["no"]["noul"] == pytest.approx(1)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not of the form"),
        ({"state": "x"}, "not of the form"),
        ({"state": " ", "questions": QUESTIONS}, "state is empty"),
        ({"state": "x", "questions": {}}, "1 to 100"),
        ({"state": "x", "questions": {"a": {"type": "guess"}}}, "no type"),
        ({"state": "x", "questions": {"a": {"type": "noul"}}}, "needs instructions"),
        ({"state": "x", "questions": {"a": {"type": "choice", "criteria": []}}}, "needs criteria"),
        ({"state": "x", "questions": {"a": 1}}, "no type"),
    ],
)
async def test_what_is_not_of_the_form_is_refused_with_the_form(ask, body, says):
    status, reply = await ask(body)
    assert status == 400
    assert says in reply["error"]["message"]


@given(st.text(max_size=200))
@hypothesis_settings(deadline=None)
def test_taking_negations_out_leaves_none_and_no_empty_question(question):
    plain, _ = without_negation(question)
    assert plain or not question
    assert without_negation(plain)[1] is False or plain == question


def test_two_negations_are_none():
    assert without_negation("Is it not true that it isn't open?")[1] is False
    assert without_negation("It wasn't sent") == ("It was sent", True)
