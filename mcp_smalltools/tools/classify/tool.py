"""`classify`: put many short texts, or files, under the caller's own labels."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from mcp_smalltools import result
from mcp_smalltools.errors import UsageError
from mcp_smalltools.privacy.answers import as_json
from mcp_smalltools.suggest import did_you_mean
from mcp_smalltools.tools import base
from mcp_smalltools.tools.classify.answer import (
    MAX_ITEMS,
    ClassifyAnswer,
    ClassifyArguments,
    Export,
    ItemResult,
)
from mcp_smalltools.tools.classify.items import Case, case_of_text, cases_of_files, cases_of_lines
from mcp_smalltools.tools.classify.labels import LabelSet, labels_of_question, parse_labels
from mcp_smalltools.tools.classify.learned import learned_for

if TYPE_CHECKING:
    from mcp_smalltools.stores.exports import OutputFile
    from mcp_smalltools.tools.classify.decision import Decision

LIKELIEST_LINES = 50
"""Lines that a question about the lines of files gives."""
LINE_CHARS = 400
"""Characters of a line that are shown."""
COUNTS_FROM = 20
"""Items from which the answer also counts its labels."""


class Classify:
    """Similarity to the labels' names, sharpened by the examples and by the other items of the call."""

    name: ClassVar[str] = "classify"
    title: ClassVar[str] = "Classify texts or files"
    description: ClassVar[str] = (
        "Sort many texts (messages, log lines, issues, commits), files or lines of files under labels that "
        "you choose, or by a yes/no question, without reading them yourself. For a dozen to thousands of "
        "items; a few examples for each label help a lot. Not for two or three items that you see, nor for "
        "what needs reasoning. Gives for each item, in order: label, calibrated confidence, runner_up, "
        "escalate (read only these yourself); for a question the probability of yes. What fits no label is "
        '"none of these".'
    )
    version: ClassVar[int] = 5
    Arguments: ClassVar[type[base.Arguments]] = ClassifyArguments
    Answer: ClassVar[type[result.Answer]] = ClassifyAnswer

    async def run(self, arguments: ClassifyArguments, context: base.ToolContext) -> ClassifyAnswer:
        from mcp_smalltools.tools.classify.decide_call import decide_call, load_confidences
        from mcp_smalltools.tools.classify.vectors import ADAPTER, embed_all
        from mcp_smalltools.tools.similarity import proven_encoder

        labels = _check(arguments)
        question = bool(arguments.question.strip())
        with (
            context.create_output(arguments.export_path) if arguments.export_path else nullcontext() as output
        ):
            known = [(example.text.strip(), example.label) for example in arguments.examples]
            cases, more = await _cases(arguments, context)
            decisions: dict[str, Decision] = {}
            model = context.settings.embed_model
            if any(case.text for case in cases):
                instructions = arguments.instructions.strip()
                learned = await context.in_thread(
                    learned_for, context.settings.state_dir, context.skill or self.name, labels
                )
                read = await embed_all(
                    cases, labels, known, instructions, context, by_clause=arguments.multiple, learned=learned
                )
                decide = partial(decide_call, labels=labels, multiple=arguments.multiple)
                decisions = await context.in_thread(decide, read)
                model += f"+{read.adapter}" if read.adapter else ""
                model += f"+learned{read.taught.version}" if read.taught else ""
            answer = _answer(cases, decisions, labels, model)
            if arguments.distribution:
                _add_distributions(answer, cases, decisions, labels)
            proven = await proven_encoder(context, context.adapter or ADAPTER)
            measured = load_confidences()
            if decisions and (doubt := measured.doubt(context.settings, context.adapter, proven=proven)):
                _take_out_confidences(answer, cases, doubt)
            if more:
                answer.note = f"Only the first {MAX_ITEMS} lines were read; classify the rest by itself."
            if output is not None:
                answer.export = await context.in_thread(_export, cases, answer.results, output)
        if question and arguments.lines:
            _keep_likeliest(answer, cases)
        if len(as_json(answer)) > context.settings.max_answer_chars:
            _leave_out_runners_up(answer)
        return answer


def _check(arguments: ClassifyArguments) -> LabelSet:
    """The labels, if the call makes sense. Raises UsageError."""
    question = arguments.question.strip()
    if arguments.items and arguments.paths:
        raise UsageError("Both items and paths are given.", remedy="Give one of them.")
    if not arguments.items and not arguments.paths:
        raise UsageError("There is nothing to classify.", remedy="Give items (texts) or paths (files).")
    if arguments.items and not any(item.strip() for item in arguments.items):
        raise UsageError("All items are empty.", remedy="Give texts to classify.")
    if arguments.lines and not arguments.paths:
        raise UsageError("lines needs paths.", remedy="Give paths of files, or the lines as items.")
    if question and (arguments.labels or arguments.multiple):
        raise UsageError(
            "A question takes the place of labels and of multiple.",
            remedy="Give labels, or a question alone.",
        )
    labels = labels_of_question(question) if question else parse_labels(arguments.labels)
    known = {*labels.names, labels.none_name}
    for example in arguments.examples:
        if example.label not in known:
            raise UsageError(
                f"An example has the label {example.label!r}, which is not one of the labels"
                f"{did_you_mean(example.label, known)}.",
                remedy="Add it to labels, or correct the example.",
            )
        if not example.text.strip():
            raise UsageError("An example has no text.", remedy="Remove it, or give it text.")
    return labels


async def _cases(arguments: ClassifyArguments, context: base.ToolContext) -> tuple[list[Case], bool]:
    """What is to be classified, and whether there is more of it than a call takes."""
    if arguments.items:
        return [case_of_text(item) for item in arguments.items], False
    if arguments.lines:
        cases, more = await context.in_thread(cases_of_lines, arguments.paths, context, MAX_ITEMS)
        if not cases:
            raise UsageError("The files have no lines with text.", remedy="Give files with text.")
        return cases, more
    return await context.in_thread(cases_of_files, arguments.paths, context), False


def _keep_likeliest(answer: ClassifyAnswer, cases: Sequence[Case]) -> None:
    """Of the lines those that are the likeliest, with their text: the question filters the file."""
    found = list(zip(cases, answer.results, strict=False))
    found.sort(key=lambda pair: -(pair[1].probability or 0.0))
    for case, item in found[:LIKELIEST_LINES]:
        item.text = case.text[:LINE_CHARS]
    answer.results = [item for _, item in found[:LIKELIEST_LINES]]
    if len(found) > LIKELIEST_LINES:
        answer.dropped["less_likely_lines"] = len(found) - LIKELIEST_LINES


def _take_out_confidences(answer: ClassifyAnswer, cases: Sequence[Case], doubt: str) -> None:
    """For an encoder that they were not measured with: the thresholds say nothing either."""
    from mcp_smalltools.tools.classify.decision import UNMEASURED

    for case, item in zip(cases, answer.results, strict=False):
        item.confidence = item.probability = item.probabilities = None
        if not case.problem:
            item.escalate, item.reason = True, UNMEASURED
    answer.confidence, answer.escalate, answer.reason = None, True, doubt


def _answer(
    cases: Sequence[Case], decisions: Mapping[str, Decision], labels: LabelSet, model: str
) -> ClassifyAnswer:
    # Only the unbroken start, so that results stay in the order of the items.
    reached = list(itertools.takewhile(lambda case: case.problem or case.text in decisions, cases))
    results = [_result(case, decisions.get(case.text), labels) for case in reached]
    reasons = Counter(item.reason for item in results if item.reason)
    answer = ClassifyAnswer(
        results=results,
        confidence=round(sum(item.confidence or 0.0 for item in results) / len(results), 3),
        escalate=reasons.total() * 2 > len(results),
        model=model if decisions else None,
    )
    if answer.escalate:
        answer.reason = (
            f"{reasons.total()} of {len(results)} results are escalated, "
            f"most often: {reasons.most_common(1)[0][0]}"
        )
    if len(results) >= COUNTS_FROM:
        answer.counts = dict(Counter(item.label for item in results).most_common())
    _report_what_is_left_out(answer, cases, len(reached))
    return answer


def _add_distributions(
    answer: ClassifyAnswer, cases: Sequence[Case], decisions: Mapping[str, Decision], labels: LabelSet
) -> None:
    for case, item in zip(cases, answer.results, strict=False):
        found = decisions.get(case.text)
        if found is not None and found.distribution is not None:
            item.probabilities = {
                name: round(share, 4) for name, share in zip(labels.names, found.distribution, strict=True)
            }


def _export(cases: Sequence[Case], results: Sequence[ItemResult], output: OutputFile) -> Export:
    """All results as JSON lines, for the agent's own scripts: one object for each item, in their order."""
    for case, item in zip(cases, results, strict=False):
        # Files are named by their path alone: none of their text is written.
        row = ({} if case.path else {"item": case.text}) | item.model_dump(mode="json", exclude={"text"})
        output.write(json.dumps(row, ensure_ascii=False) + "\n")
    return Export(path=str(output.path), lines=len(results))


def _leave_out_runners_up(answer: ClassifyAnswer) -> None:
    """Leave out what an agent needs least, before the size cap cuts whole results."""
    for item in answer.results:
        if not item.escalate:
            item.runner_up = None
    where = "in the exported file" if answer.export else "written whole if you give export_path"
    answer.note = f"The last results did not fit into this answer (see `dropped`); all of them are {where}."


def _result(case: Case, decision: Decision | None, labels: LabelSet) -> ItemResult:
    if decision is None:
        return ItemResult(
            path=case.path,
            line=case.line,
            label=labels.none_name,
            confidence=0.0,
            escalate=True,
            reason=case.problem,
        )
    names = labels.names
    return ItemResult(
        path=case.path,
        line=case.line,
        label=labels.none_name if decision.label is None else names[decision.label],
        labels=None if decision.labels is None else [names[column] for column in decision.labels],
        confidence=round(decision.confidence, 3),
        probability=None if decision.probability is None else round(decision.probability, 3),
        runner_up=None if decision.runner_up is None else names[decision.runner_up],
        escalate=decision.escalate,
        reason=decision.reason,
    )


def _report_what_is_left_out(answer: ClassifyAnswer, cases: Sequence[Case], reached: int) -> None:
    if cut := sum(case.cut for case in cases):
        answer.dropped["texts_cut"] = cut
        answer.note = "Only the start of long texts was read."
    if reached < len(cases):
        answer.dropped["items_not_reached"] = len(cases) - reached
        answer.note = (
            f"The time ran out: items from number {reached + 1} on are not classified; send them again."
        )
