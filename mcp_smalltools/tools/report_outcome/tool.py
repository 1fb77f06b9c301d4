"""`report_outcome`: keep whether an earlier answer was right. Stays on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from mcp_smalltools import result
from mcp_smalltools.errors import UsageError
from mcp_smalltools.principal import LOCAL
from mcp_smalltools.stores.outcomes import ReportedOutcome, open_outcomes
from mcp_smalltools.tools import base
from mcp_smalltools.tools.report_outcome.answer import ReportOutcomeAnswer, ReportOutcomeArguments

if TYPE_CHECKING:
    from mcp_smalltools.stores.ledger import LedgerRow


class ReportOutcome:
    """Writes one row into SQLite."""

    name: ClassVar[str] = "report_outcome"
    title: ClassVar[str] = "Report whether an answer was right"
    description: ClassVar[str] = (
        "Report that an earlier answer of this server was right, partly right or wrong, by its call_id. Use "
        "it when you have found out, above all when an answer without `escalate` was wrong. For classify, "
        "give the wrongly labelled items with their right labels. The report stays on this machine; the user "
        "can improve the tools with it later, no answer changes at once. Not for feedback of other kinds. "
        "Returns which tool's answer it was, and whether it replaced an earlier report."
    )
    version: ClassVar[int] = 1
    Arguments: ClassVar[type[base.Arguments]] = ReportOutcomeArguments
    Answer: ClassVar[type[result.Answer]] = ReportOutcomeAnswer

    async def run(self, arguments: ReportOutcomeArguments, context: base.ToolContext) -> ReportOutcomeAnswer:
        return await context.in_thread(self._store, arguments, context)

    def _store(self, arguments: ReportOutcomeArguments, context: base.ToolContext) -> ReportOutcomeAnswer:
        row = _call(arguments.call_id, context)
        if row is None or row.tool == self.name or context.caller not in (row.principal, LOCAL.name):
            raise UsageError(
                f"There is no answer with the call_id {arguments.call_id!r}.",
                remedy="Copy the `call_id` from an answer of this server.",
            )
        outcome = ReportedOutcome(
            call_id=row.call_id,
            at=time.time(),
            verdict=arguments.verdict,
            correction=arguments.correction,
            examples=[(example.text, example.label) for example in arguments.examples],
            tool=row.tool,
            paths=row.paths,
            model=row.model,
            confidence=row.confidence,
            escalated=row.escalate,
            client=row.client,
            level=row.level,
            principal=context.caller,
            task=row.task,
        )
        outcomes = open_outcomes(context.settings.state_dir)
        try:
            replaced = outcomes.write(outcome)
        finally:
            outcomes.close()
        return ReportOutcomeAnswer(tool=row.tool, replaced=replaced)


def _call(call_id: str, context: base.ToolContext) -> LedgerRow | None:
    from mcp_smalltools.stores.ledger import open_ledger

    settings = context.settings
    ledger = open_ledger(settings)
    try:
        return ledger.find(call_id)
    finally:
        ledger.close()
