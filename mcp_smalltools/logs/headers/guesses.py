"""The level that a line without a header writes into its text: a guess, by words."""

from __future__ import annotations

import re

_FATAL_TEXT = re.compile(r"(?:panic|fatal|FATAL|^Fatal)(?:\[\w+\])?: |Segmentation fault|core dumped")
_ERROR_TEXT = re.compile(
    r"(?:^|[\s:\]])(?:fatal |internal compiler |syntax )?[Ee]rror(?:\[\w+\])?: |^ERROR\b|^E   "
    r"|^(?:##\[error\]|::error)|\bERROR!|^(?:FAILED|FAIL)\b|\bTraceback \(most recent call last\)"
    r"|^(?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception)\b|^make(?:\[\d+\])?: \*\*\* |^npm (?:ERR!|error)"
    r"|CMake Error|^--- FAIL|^Exception in thread|^error(?:\[|:| )|\bundefined reference to\b"
)
_WARNING_TEXT = re.compile(
    r"(?:^|[\s:\]])[Ww]arning(?:\[\w+\])?: |^WARN(?:ING)?\b|^npm (?:WARN|warn)\b|^(?:##\[warning\]|::warning)"
    r"|CMake Warning|\b\w+Warning: "
)


def level_in_text(content: str) -> str | None:
    """The level that tools without headers write into their text."""
    if not _may_say(content.lower()):
        return None
    if _FATAL_TEXT.search(content):
        return "fatal"
    if _ERROR_TEXT.search(content):
        return "error"
    if _WARNING_TEXT.search(content):
        return "warning"
    return None


def _may_say(low: str) -> bool:
    """Each pattern has one of these words; written out, as it is asked of every line."""
    return (
        "error" in low
        or "warn" in low
        or "fail" in low
        or "panic" in low
        or "fatal" in low
        or "exception" in low
        or "traceback" in low
        or "fault" in low
        or "core dumped" in low
        or "undefined reference" in low
        or "***" in low
        or "err!" in low
        or "e   " in low
    )
