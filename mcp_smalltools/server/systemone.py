"""`POST /v1/systemone`: typed questions over a state, answered with probabilities (the interface of Jev, as
JevBench 0.1 documents it).

Each question is a call of `classify` by the caller whose request it is, so roots, limits and the ledger hold
as they do for agents. An answer also says `escalate` where it is not sure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from mcp_smalltools.errors import SmallToolsError, UsageError
from mcp_smalltools.principal import Principal
from mcp_smalltools.request import ToolRequest
from mcp_smalltools.service import Service

PATH = "/v1/systemone"
MAX_QUESTIONS = 100
MAX_QUESTION_CHARS = 500
CLIENT = "systemone"

_FORM = 'Send {"state": ..., "questions": {"ID": {"type": "noul"|"choice"|"score", "instructions": ...}}}.'
_NEGATION = re.compile(
    r"\b(is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)(?:n't|n’t| not)\b|"
    r"\bit is (?:not true|false|not the case) that\b|\b(?:not|never)\b",
    re.IGNORECASE,
)

Question = Mapping[str, Any]
Answer = dict[str, Any]


class SystemOne:
    """Answers requests by calls of `classify`, one for each question."""

    def __init__(
        self,
        service: Service,
        principal_of: Callable[[], Principal],
        acquire: Callable[[Principal], AbstractAsyncContextManager[None]],
    ) -> None:
        self._service = service
        self._principal_of = principal_of
        self._acquire = acquire

    async def answer(self, request: Request) -> JSONResponse:
        try:
            state, questions = _read(await request.body())
            answers = {name: await self._answer(state, question) for name, question in questions.items()}
        except SmallToolsError as error:
            return JSONResponse({"error": {"message": str(error)}}, status_code=400)
        return JSONResponse({"answers": answers})

    async def _answer(self, state: str, question: Question) -> Answer:
        return await _ANSWERS[question["type"]](self, state, question)

    async def noul(self, state: str, question: Question) -> Answer:
        """Yes or no. Of a question with an odd number of negations the answer is that without them, turned
        round: an encoder hardly sees a "not".
        """
        asked, turned = without_negation(str(question["instructions"]))
        result = await self._classify(state, {"question": asked[:MAX_QUESTION_CHARS]})
        yes = result.get("probability", 0.5)
        return {"type": "noul", "noul": 1 - yes if turned else yes, "escalate": result["escalate"]}

    async def choice(self, state: str, question: Question) -> Answer:
        """One of the named options, by name and description."""
        options = {str(name): str(text) for name, text in question["criteria"].items()}
        shares, escalate = await self._distribution(state, question, options)
        best = max(shares, key=lambda name: shares[name])
        return {"type": "choice", "choice": best, "probabilities": shares, "escalate": escalate}

    async def score(self, state: str, question: Question) -> Answer:
        """One of the ordered levels, the lowest first."""
        levels = {str(number): str(text) for number, text in enumerate(question["criteria"])}
        shares, escalate = await self._distribution(state, question, levels)
        mean = sum(int(level) * share for level, share in shares.items())
        return {"type": "score", "score": mean, "probabilities": shares, "escalate": escalate}

    async def _distribution(
        self, state: str, question: Question, options: Mapping[str, str]
    ) -> tuple[dict[str, float], bool]:
        """The probability of each option. Options of the same words share theirs."""
        if len(options) < 2:
            return dict.fromkeys(options, 1.0), True
        words: dict[str, list[str]] = {}
        for name, text in options.items():
            words.setdefault(f"{name}: {text}" if not name.isdigit() else text, []).append(name)
        # Labels that no option of the caller's can be mistaken for, or for "none of these".
        labels = {f"option {number}": text for number, text in enumerate(words)}
        arguments = {
            "labels": [f"{label}: {text or label}" for label, text in labels.items()],
            "instructions": str(question.get("instructions", ""))[:MAX_QUESTION_CHARS],
            "distribution": True,
        }
        result: dict[str, Any] = {"escalate": True}
        if len(labels) > 1:
            result = await self._classify(state, arguments)
        found = result.get("probabilities") or dict.fromkeys(labels, 1.0)
        total = sum(found.values()) or 1.0
        shares = {
            name: found[label] / total / len(words[text])
            for label, text in labels.items()
            for name in words[text]
        }
        return {name: shares[name] for name in options}, bool(result["escalate"])

    async def _classify(self, state: str, arguments: dict[str, Any]) -> dict[str, Any]:
        principal = self._principal_of()
        request = ToolRequest("classify", {"items": [state], **arguments}, client=CLIENT, principal=principal)
        async with self._acquire(principal):
            results = (await self._service.call(request)).structured()["results"]
        return dict(results[0])


_ANSWERS: Mapping[str, Callable[[SystemOne, str, Question], Awaitable[Answer]]] = {
    "noul": SystemOne.noul,
    "choice": SystemOne.choice,
    "score": SystemOne.score,
}


def without_negation(question: str) -> tuple[str, bool]:
    """The question without its negations, and whether their number is odd."""
    count = 0

    def positive(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return found[1] or ""

    plain = " ".join(_NEGATION.sub(positive, question).split())
    return (plain or question), count % 2 == 1


def _read(body: bytes) -> tuple[str, dict[str, Question]]:
    """State as text, and questions by id. Raises UsageError for what is not of the form."""
    try:
        data = json.loads(body)
        state, questions = data["state"], data["questions"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError("The request is not of the form of /v1/systemone.", remedy=_FORM) from None
    if not isinstance(questions, dict) or not 0 < len(questions) <= MAX_QUESTIONS:
        raise UsageError(f"questions must be an object with 1 to {MAX_QUESTIONS} questions.", remedy=_FORM)
    for name, question in questions.items():
        _check(name, question)
    text = state if isinstance(state, str) else json.dumps(state, ensure_ascii=False)
    if not text.strip():
        raise UsageError("The state is empty.", remedy="Give the text or the JSON to decide about.")
    return text, questions


def _check(name: str, question: Any) -> None:
    kind = question.get("type") if isinstance(question, dict) else None
    if kind not in _ANSWERS:
        raise UsageError(f"Question {name!r} has no type that is known.", remedy=_FORM)
    criteria = question.get("criteria")
    if kind == "noul":
        right = bool(str(question.get("instructions") or "").strip())
        needs = "instructions: the question"
    elif kind == "choice":
        right, needs = isinstance(criteria, dict) and bool(criteria), "criteria: options with descriptions"
    else:
        right, needs = isinstance(criteria, list) and bool(criteria), "criteria: a list of levels"
    if not right:
        raise UsageError(f"Question {name!r} needs {needs}.", remedy=_FORM)
