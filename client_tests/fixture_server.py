"""`mcp-smalltools serve` with the tools, the prompts and the resource that the conformance suite asks for by
name, as far as this program has such things: all else of the server is as it ships.

python client_tests/fixture_server.py [serve's arguments]
"""

from __future__ import annotations

import sys
from typing import Any, ClassVar

import anyio

from mcp_smalltools import result
from mcp_smalltools.cli import main
from mcp_smalltools.errors import UsageError
from mcp_smalltools.server import prompts, resources
from mcp_smalltools.tools import base, built_in
from mcp_smalltools.workers import isolated


class NoArguments(base.Arguments):
    pass


class TextAnswer(result.Answer):
    text: str


class SimpleText:
    name: ClassVar[str] = "test_simple_text"
    title: ClassVar[str] = "Simple text"
    description: ClassVar[str] = "For the conformance suite."
    version: ClassVar[int] = 1
    Arguments: ClassVar[type[base.Arguments]] = NoArguments
    Answer: ClassVar[type[result.Answer]] = TextAnswer

    async def run(self, arguments: NoArguments, context: base.ToolContext) -> TextAnswer:
        return TextAnswer(text="This is a simple text response for testing.")


class ErrorHandling(SimpleText):
    name: ClassVar[str] = "test_error_handling"

    async def run(self, arguments: NoArguments, context: base.ToolContext) -> TextAnswer:
        raise UsageError("This tool intentionally returns an error for testing.")


class WithProgress(SimpleText):
    name: ClassVar[str] = "test_tool_with_progress"

    async def run(self, arguments: NoArguments, context: base.ToolContext) -> TextAnswer:
        for done in (10, 25, 50, 75, 100):
            context.progress(done, 100, "testing")
            await anyio.sleep(0.4)  # longer than progress is throttled
        return TextAnswer(text="done")


def add_fixtures() -> None:
    """Before the server is built."""
    own_tools, isolate = built_in.built_in_tools, isolated.isolate
    more: dict[str, Any] = {tool.name: tool for tool in (SimpleText(), ErrorHandling(), WithProgress())}
    # Workers don't know them.
    isolated.isolate = lambda tools, pool: {
        **more,
        **isolate({name: tool for name, tool in tools.items() if name not in more}, pool),
    }
    built_in.built_in_tools = lambda: {**more, **own_tools()}
    simple = "This is a simple prompt for testing."
    two = "Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"
    prompts.PROMPTS = {
        **prompts.PROMPTS,
        "test_simple_prompt": prompts.PromptTemplate("Simple", "For the suite.", {}, simple, ()),
        "test_prompt_with_arguments": prompts.PromptTemplate(
            "Arguments", "For the suite.", {"arg1": "first", "arg2": "second"}, two, ()
        ),
    }
    text_resource = resources._ServerResource("text", "For the suite.", lambda service, remote: "static text")
    resources._RESOURCES = {**resources._RESOURCES, "test://static-text": text_resource}


if __name__ == "__main__":
    add_fixtures()
    sys.exit(main(["serve", *sys.argv[1:]]))
