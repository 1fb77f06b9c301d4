"""A built-in tool whose work on the contents of files is done in a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mcp_smalltools import result
from mcp_smalltools.tools import base
from mcp_smalltools.workers.pool import WorkerPool

IN_THE_SERVER: Final = frozenset({"find_files", "report_outcome"})
"""Tools that work on the server's own stores: the index, the ledger."""


class IsolatedTool:
    """The same tool to whoever calls it."""

    def __init__(self, tool: base.Tool, pool: WorkerPool) -> None:
        self._tool, self._pool = tool, pool
        self.name, self.title = tool.name, tool.title
        self.description, self.version = tool.description, tool.version
        self.Arguments, self.Answer = tool.Arguments, tool.Answer

    async def run(self, arguments: base.Arguments, context: base.ToolContext) -> result.Answer:
        outcome = await self._pool.run(self.name, arguments, context)
        for path, lines in outcome.lines:
            context.open(path).line_count = lines  # it is open: the worker has read it
        answer = self.Answer.model_validate(outcome.answer)
        answer.mark_masked()
        if not outcome.lasting:
            answer.only_now()
        return answer


def isolate(tools: Mapping[str, base.Tool], pool: WorkerPool) -> dict[str, base.Tool]:
    """The tools, those that read files in workers."""
    return {name: tool if name in IN_THE_SERVER else IsolatedTool(tool, pool) for name, tool in tools.items()}
