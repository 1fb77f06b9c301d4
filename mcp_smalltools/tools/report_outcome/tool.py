"""`report_outcome`: keep what turned out to be right or wrong in an earlier answer. Stays on this machine."""

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
    """One row in SQLite."""

    name: ClassVar[str] = "report_outcome"
    title: ClassVar[str] = "Say whether an answer was right"
    description: ClassVar[str] = (
        "Say that an earlier answer of this server was right, partly right or wrong, by its call_id. Use it "
        "when you have found out, above all when an answer that did not say `escalate` was wrong. For "
        "classify, give the items that were labelled wrongly with their right labels. It is kept on this "
        "machine, and the user can teach his tools with it; nothing changes at once. Not for remarks of "
        "other kinds. Gives back which tool's answer it was."
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
                remedy="Give the call_id of an answer of this server, as it stands there.",
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
        )
        outcomes = open_outcomes(context.settings.state_dir)
        try:
            replaced = outcomes.write(outcome)
        finally:
            outcomes.close()
        return ReportOutcomeAnswer(tool=row.tool, replaced=replaced)


def _call(call_id: str, context: base.ToolContext) -> LedgerRow | None:
    from mcp_smalltools.stores.ledger import Ledger

    settings = context.settings
    ledger = Ledger(settings.state_dir / "ledger.db", keep_days=settings.ledger_days)
    try:
        return ledger.find(call_id)
    finally:
        ledger.close()
