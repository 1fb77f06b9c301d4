"""Prompts: jobs that a person starts by name (`/mcp__smalltools__triage_log` in Claude Code). Each tells the
agent which tools to use, in which order, and when to stop believing them.
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
    """A prompt. `text` has its arguments in braces; without the tools that it `needs` it is not offered."""

    title: str
    description: str
    arguments: Mapping[str, str]
    text: str
    needs: tuple[str, ...]


PROMPTS: Mapping[str, PromptTemplate] = {
    "triage_log": PromptTemplate(
        "Find out what went wrong in a log",
        "What failed, since when and how often, with line numbers; the log itself stays unread.",
        {"path": "log, build or test output"},
        "Find out what went wrong in {path}, without reading the whole file.\n"
        "1. If it is of a build, a test run or a program that failed, call find_failure: the lines that say "
        "why, ranked.\n"
        "2. Call parse_log: what else is an error, what is rare, new or bursting, and when it began.\n"
        "3. Read only the lines that matter, by their numbers; where an answer says `escalate`, read more.\n"
        "4. Say in a few sentences: what failed, the first line that shows it, how often, since when, and "
        "what you would look at next. Quote lines with their numbers. Say what you don't know.",
        ("find_failure", "parse_log"),
    ),
    "sort_items": PromptTemplate(
        "Sort many items under labels",
        "A label for each item of a file, the doubtful ones decided by you.",
        {"path": "file with an item a line, or a folder", "labels": "the labels, separated by commas"},
        "Sort what is in {path} under these labels: {labels}.\n"
        "1. Look at a dozen items. Where a label could be misunderstood, add what belongs there "
        '("name: what belongs there"), and write down three examples for each label.\n'
        "2. Call classify with all items at once, the labels and the examples.\n"
        "3. Decide the items with `escalate` yourself, and look at ten others to see whether it is right. If "
        "more than one of them is wrong, give more examples and call it again; tell the server with "
        "report_outcome.\n"
        "4. Give the counts, and the items that fit no label.",
        ("classify",),
    ),
    "find_out": PromptTemplate(
        "Find out something from a project's files",
        "The answer with the lines that say so, from files that nobody has to name.",
        {"question": "what you want to know", "path": "folder to look in"},
        "Find out from the files in {path}: {question}\n"
        "1. Call find_files with what the question is about, in other words too if the first try finds "
        "little.\n"
        "2. Call ask_file with the question on the best files, all in one call.\n"
        "3. Read the lines that it gives, and a few around them. If it says `found: false` or `escalate`, "
        "read the best file yourself before you say that the answer isn't there.\n"
        "4. Answer in a few sentences, each with file and line. Say what you have not looked at.",
        ("find_files", "ask_file"),
    ),
    "map_folder": PromptTemplate(
        "Say what is in a folder",
        "What each file is for, with lines, from summaries.",
        {"path": "folder", "focus": "what you want to know of it"},
        "Say what is in the folder {path}, with a view to: {focus}.\n"
        "1. List its files. Leave out what is generated, vendored or binary.\n"
        "2. Call summarize_file on each file of more than 100 lines, with the focus; read shorter ones.\n"
        "3. Give a map: for each file its purpose in one line, the parts that matter with their lines, and "
        "how the files hang together. Mark what you only know from a summary.",
        ("summarize_file",),
    ),
}


def list_prompts(tools: Container[str]) -> ListPromptsResult:
    """Those whose tools agents are told of."""
    return ListPromptsResult(
        prompts=[
            Prompt(
                name=name,
                title=job.title,
                description=job.description,
                arguments=[
                    PromptArgument(name=argument, description=what, required=True)
                    for argument, what in job.arguments.items()
                ],
            )
            for name, job in PROMPTS.items()
            if all(tool in tools for tool in job.needs)
        ]
    )


def get_prompt(params: GetPromptRequestParams) -> GetPromptResult:
    """Raises MCPError for a prompt that there isn't, and for arguments that are missing or unknown."""
    job = PROMPTS.get(params.name)
    if job is None:
        known = did_you_mean(params.name, PROMPTS)
        raise MCPError(INVALID_PARAMS, f"There is no prompt {params.name!r}{known}.")
    given = dict(params.arguments or {})
    if missing := sorted(job.arguments.keys() - given.keys()):
        raise MCPError(INVALID_PARAMS, f"{params.name} needs {', '.join(missing)}.")
    if unknown := sorted(given.keys() - job.arguments.keys()):
        raise MCPError(INVALID_PARAMS, f"{params.name} takes no argument {unknown[0]!r}.")
    if any(len(value) > MAX_ARGUMENT_CHARS for value in given.values()):
        raise MCPError(INVALID_PARAMS, f"An argument is longer than {MAX_ARGUMENT_CHARS} characters.")
    text = job.text.format_map(given)
    return GetPromptResult(
        description=job.title, messages=[PromptMessage(role="user", content=TextContent(text=text))]
    )
