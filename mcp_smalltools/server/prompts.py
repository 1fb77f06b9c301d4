"""Prompts that a person starts by name (`/mcp__smalltools__triage_log` in Claude Code). Each tells the agent
which tools to use, in which order, and when not to rely on their answers.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    TextContent,
)

from mcp_smalltools.suggest import did_you_mean

MAX_ARGUMENT_CHARS = 1000


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A prompt. `text` has its arguments in braces. It is not offered when a tool that it `needs` is not."""

    title: str
    description: str
    arguments: Mapping[str, str]
    text: str
    needs: tuple[str, ...]


PROMPTS: Mapping[str, PromptTemplate] = {
    "triage_log": PromptTemplate(
        "Find out what went wrong in a log",
        "What failed, since when and how often, with line numbers, without reading the whole log.",
        {"path": "log, build output or test output"},
        "Find out what went wrong in {path}, without reading the whole file.\n"
        "1. If it is the output of a build, a test run or a program that failed, call find_failure: it gives "
        "the lines that say why, ranked.\n"
        "2. Call parse_log to see what other errors there are, what is rare, new or in bursts, and when it "
        "began.\n"
        "3. Read only the lines that matter, by their numbers. Where an answer says `escalate`, read more.\n"
        "4. Say in a few sentences what failed, which line shows it first, how often, since when, and what "
        "you would look at next. Quote lines with their numbers. Say what you don't know.",
        ("find_failure", "parse_log"),
    ),
    "sort_items": PromptTemplate(
        "Sort many items under labels",
        "A label for each item of a file or folder; you decide the doubtful ones.",
        {"path": "file with one item a line, or a folder", "labels": "the labels, separated by commas"},
        "Sort the items in {path} under these labels: {labels}.\n"
        "1. Look at a dozen items. Where a label could be misunderstood, add what belongs there "
        '("name: what belongs there"), and write down three examples for each label.\n'
        "2. Call classify once with all items, the labels and the examples.\n"
        "3. Decide the items with `escalate` yourself, and check ten others. If more than one of those is "
        "wrong, add examples and call classify again; report the wrong ones with report_outcome.\n"
        "4. Give the counts, and the items that fit no label.",
        ("classify",),
    ),
    "find_out": PromptTemplate(
        "Answer a question from a project's files",
        "The answer with the lines that support it, from files that nobody has to name.",
        {"question": "what you want to know", "path": "folder to look in"},
        "Answer this question from the files in {path}: {question}\n"
        "1. Call find_files with what the question is about; if it finds little, try other words.\n"
        "2. Call ask_file once with the question and the best files.\n"
        "3. Read the lines that it gives, and a few around them. If it says `found: false` or `escalate`, "
        "read the best file yourself before you say that the answer isn't there.\n"
        "4. Answer in a few sentences, each with file and line. Say what you have not looked at.",
        ("find_files", "ask_file"),
    ),
    "map_folder": PromptTemplate(
        "Describe what is in a folder",
        "What each file is for, with line numbers, from summaries.",
        {"path": "folder", "focus": "what you want to know about it"},
        "Describe what is in the folder {path}, with this focus: {focus}.\n"
        "1. List its files. Leave out what is generated, vendored or binary.\n"
        "2. Call summarize_file on each file of more than 100 lines, with the focus; read shorter files.\n"
        "3. Give for each file its purpose in one line and the parts that matter with their lines, and say "
        "how the files depend on each other. Mark what you know only from a summary.",
        ("summarize_file",),
    ),
}


def list_prompts(tools: Container[str]) -> ListPromptsResult:
    """The prompts whose tools are listed."""
    return ListPromptsResult(
        prompts=[
            Prompt(
                name=name,
                title=prompt.title,
                description=prompt.description,
                arguments=[
                    PromptArgument(name=argument, description=what, required=True)
                    for argument, what in prompt.arguments.items()
                ],
            )
            for name, prompt in PROMPTS.items()
            if all(tool in tools for tool in prompt.needs)
        ]
    )


def get_prompt(params: GetPromptRequestParams) -> GetPromptResult:
    """Raises MCPError for an unknown prompt, and for arguments that are missing, unknown or too long."""
    prompt = PROMPTS.get(params.name)
    if prompt is None:
        known = did_you_mean(params.name, PROMPTS)
        raise MCPError(INVALID_PARAMS, f"There is no prompt {params.name!r}{known}.")
    given = dict(params.arguments or {})
    if missing := sorted(prompt.arguments.keys() - given.keys()):
        raise MCPError(INVALID_PARAMS, f"{params.name} needs {', '.join(missing)}.")
    if unknown := sorted(given.keys() - prompt.arguments.keys()):
        raise MCPError(INVALID_PARAMS, f"{params.name} takes no argument {unknown[0]!r}.")
    if any(len(value) > MAX_ARGUMENT_CHARS for value in given.values()):
        raise MCPError(INVALID_PARAMS, f"An argument is longer than {MAX_ARGUMENT_CHARS} characters.")
    text = prompt.text.format_map(given)
    return GetPromptResult(
        description=prompt.title, messages=[PromptMessage(role="user", content=TextContent(text=text))]
    )
