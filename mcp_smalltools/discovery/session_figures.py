"""All that one transcript shows, in numbers."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal

from mcp_smalltools.config import Settings
from mcp_smalltools.discovery.findings import ChainFindings, UnseenOutput, findings_of
from mcp_smalltools.discovery.replay import ASKED_CHARS, would_answer, would_tell
from mcp_smalltools.discovery.token_use import NO_TOKENS, ContextPrice, TokenUse
from mcp_smalltools.discovery.transcript import AgentCall, Chain, Transcript
from mcp_smalltools.hooks.after.agent_step import AgentStep
from mcp_smalltools.hooks.after.follow_up import FollowUp, NamedPlace, places_of
from mcp_smalltools.hooks.after.same_command import core_of
from mcp_smalltools.hooks.fields import text_of_field
from mcp_smalltools.level import PrivacyLevel
from mcp_smalltools.privacy.redact import Redactor

Judged = Literal["line", "file", "opened", "elsewhere", "nothing"]
Part = Literal["told", "fetched", "logs", "schemas"]
PARTS: Final[tuple[Part, ...]] = ("told", "fetched", "logs", "schemas")
_MOST_SHOWN: Final = 20
REPLAY_S: Final = 60.0
"""Processor seconds in which tools are run on one session's outputs."""
_SECRET_CHARS: Final = 200_000
"""Characters of a result that are looked at for secrets."""


@dataclass(slots=True)
class SessionFigures:
    """What one session shows. `net` has, by part, tokens that would have been used less (negative: more):

    told     what the hook would have added
    fetched  calls that only went for more of an output whose cause the hook would have told
    logs     logs read whole, less what a tool's answer and the question for it take
    schemas  schemas of two tools that are in every request
    """

    client: str
    session: str
    model: str = ""
    requests: int = 0
    calls: int = 0
    lines_read: int = 0
    lines_other: int = 0
    lines_damaged: int = 0
    lines_too_long: int = 0
    cut: int = 0
    put_aside: int = 0
    ran_again: int = 0
    opened_aside: int = 0
    logs_whole: int = 0
    log_chars: int = 0
    files_whole: int = 0
    files_whole_edited: int = 0
    secrets: Counter[str] = field(default_factory=Counter)
    """Values by kind that reached the model, each counted once for a session."""
    secrets_maskable: int = 0
    """Those of them that the guard would have masked everywhere."""
    told_already: int = 0
    would_tell: int = 0
    not_replayed: int = 0
    """Results on which no tool was run, since the session's time was over."""
    judged: Counter[Judged] = field(default_factory=Counter)
    used: TokenUse = NO_TOKENS
    net: dict[Part, TokenUse] = field(default_factory=lambda: dict.fromkeys(PARTS, TokenUse()))
    shown: list[str] = field(default_factory=list)
    """What would have been told, masked as the folder's level says."""
    weak: list[tuple[str, str]] = field(default_factory=list)
    """Calls of our tools, and kinds of weak outcomes that followed."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a replay stands on. `aside` gives the text of an output that was put aside, by its path."""

    settings: Settings
    level: PrivacyLevel
    aside: Callable[[str], str]
    ends_at: float
    """When no tool is run any more (time.process_time): what is left is counted."""

    @property
    def is_over(self) -> bool:
        return time.process_time() > self.ends_at


def figures_of(
    transcript: Transcript,
    settings: Settings,
    level: PrivacyLevel,
    *,
    schema_chars: int,
    aside: Callable[[str], str],
) -> SessionFigures:
    """Replay a session. `aside` gives the text of an output that the client has put aside, by its path; ""
    where it is gone.
    """
    lines = transcript.lines
    figures = SessionFigures(
        transcript.client,
        transcript.session,
        lines_read=lines.read,
        lines_other=lines.other,
        lines_damaged=lines.damaged,
        lines_too_long=lines.too_long,
    )
    ground = _Ground(settings, level, aside, time.process_time() + REPLAY_S)
    models: Counter[str] = Counter()
    for chain in transcript.chains.values():
        models.update(request.model for request in chain.requests if request.model)
        _add_chain(figures, chain, ground)
        figures.net["schemas"] += -ContextPrice.of(chain).always(schema_chars)
    figures.model = models.most_common(1)[0][0] if models else ""
    _note_secrets(figures, transcript, settings, level)
    return figures


def _add_chain(
    figures: SessionFigures,
    chain: Chain,
    ground: _Ground,
) -> None:
    found, price = findings_of(chain), ContextPrice.of(chain)
    figures.requests += len(chain.requests)
    figures.calls += len(chain.calls)
    figures.used += TokenUse.of_requests(chain.requests)
    figures.cut += found.cut
    figures.put_aside += found.put_aside
    figures.ran_again += sum(len(output.ran_again) for output in found.unseen)
    figures.opened_aside += sum(len(output.opened) for output in found.unseen)
    _add_told(figures, found, price, ground)
    _add_whole_reads(figures, found, price, ground)
    figures.weak += list(_weak_outcomes(found))


def _add_told(
    figures: SessionFigures,
    found: ChainFindings,
    price: ContextPrice,
    ground: _Ground,
) -> None:
    unseen = {output.call.id: output for output in found.unseen}
    for number, (call, _) in enumerate(found.steps):
        if call.told:
            figures.told_already += 1
            continue
        if call.tool != "Bash" or not call.answered:
            continue
        if ground.is_over:
            figures.not_replayed += 1
            continue
        output = unseen.get(call.id)
        whole = ground.aside(output.put_aside) if output else ""
        told = would_tell(call, whole, ground.settings, ground.level)
        if told is None:
            continue
        figures.would_tell += 1
        if len(figures.shown) < _MOST_SHOWN:
            figures.shown.append(told.text)
        figures.net["told"] += -price.added(len(told.text), call.request)
        after = (step for _, steps in islice(found.steps, number + 1, None) for step in steps)
        judged = _judged(told.places, call, after)
        figures.judged[judged] += 1
        if output is not None and judged in ("line", "file", "opened"):
            figures.net["fetched"] += _fetching(output, price)


def _judged(places: tuple[NamedPlace, ...], call: AgentCall, after: Iterable[AgentStep]) -> Judged:
    """What the agent did next with the places that would have been named."""
    follow = FollowUp(places, core_of(text_of_field(call.arguments, "command")))
    edited = False
    for step in after:
        follow.see(step)
        edited |= step.does == "edit"
        if follow.over:
            break
    if "edited" in follow.seen:
        return "line"
    if follow.edited_file:
        return "file"
    if "opened" in follow.seen:
        return "opened"
    return "elsewhere" if edited else "nothing"


def _fetching(output: UnseenOutput, price: ContextPrice) -> TokenUse:
    """What the calls took that only went for more of an output."""
    fetches = {call.id: call for call in (*output.ran_again, *output.opened)}
    return sum(
        (price.call(call.asked_chars, len(call.shown), call.request) for call in fetches.values()), TokenUse()
    )


def _add_whole_reads(
    figures: SessionFigures,
    found: ChainFindings,
    price: ContextPrice,
    ground: _Ground,
) -> None:
    """A log that was read whole could have been asked about; any other file is only counted: nobody knows
    what the agent wanted of it.
    """
    for read in found.whole:
        if not read.is_log:
            figures.files_whole += 1
            figures.files_whole_edited += read.edited
            continue
        figures.logs_whole += 1
        figures.log_chars += len(read.text)
        figures.not_replayed += ground.is_over and not read.edited
        answer = (
            None if read.edited or ground.is_over else would_answer(read.text, ground.settings, ground.level)
        )
        if answer is None:
            continue
        instead = price.call(ASKED_CHARS, answer.chars, read.call.request)
        saved = price.call(read.call.asked_chars, len(read.call.shown), read.call.request)
        figures.net["logs"] += (TokenUse() if answer.escalates else saved) + -instead


def _note_secrets(
    figures: SessionFigures, transcript: Transcript, settings: Settings, level: PrivacyLevel
) -> None:
    """Values that our rules mask, in what the model read: of calls that went well, and of those that failed
    and of what the user wrote, which no hook of Claude Code can replace.
    """
    replaceable, failing = Redactor.from_settings(settings), Redactor.from_settings(settings)
    for chain in transcript.chains.values():
        for said in chain.prompts:
            failing.scrub(said[:_SECRET_CHARS])
        for call in chain.calls:
            fails = call.failed and transcript.client == "claude-code"
            (failing if fails else replaceable).scrub(call.shown[:_SECRET_CHARS])
    in_failing = failing.values()
    for value, kind in {**in_failing, **replaceable.values()}.items():
        figures.secrets[kind] += 1
        figures.secrets_maskable += level is not PrivacyLevel.OPEN and value not in in_failing


def _weak_outcomes(found: ChainFindings) -> list[tuple[str, str]]:
    """What followed answers of our own tools, by call_id. Whether there was such a call the ledger says."""
    outcomes: list[tuple[str, str]] = []
    for number, (call, _) in enumerate(found.steps):
        if "smalltools" not in call.tool or not call.answered or call.failed:
            continue
        try:
            answer: Mapping[str, object] = json.loads(call.shown)
            call_id = answer["call_id"]
            places = places_of(answer)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        sources = [value for name in ("path",) if isinstance(value := call.arguments.get(name), str)]
        is_summary = call.tool.endswith(("summarize_file", "parse_log"))
        follow = FollowUp(places, sources=sources if is_summary else ())
        for step in (step for _, steps in found.steps[number + 1 :] for step in steps):
            follow.see(step)
        outcomes += [(str(call_id)[:64], kind) for kind in follow.seen]
    return outcomes
