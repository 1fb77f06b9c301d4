"""What ended a run from outside: time limits, cancellations, lost machines, no memory, no disk.

These are causes of their own. They stand in one line, often of the CI system, and what a tool says before or after
them is only what was going on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mcp_smalltools.tools.find_failure.outcome.outcome_words import BAD_RUN, ONLY_WARNS, TAKEN_BACK
from mcp_smalltools.tools.find_failure.outcome.roles import Role


@dataclass(frozen=True, slots=True)
class OutsideStop:
    """The place (from 0) of the line that tells it, the kind of failure, and how much output comes after it."""

    place: int
    kind: str
    after: int


_OF_THE_CI = (
    (
        "timeout",
        r"##\[error\]The (?:job|action|task|operation)\b.{0,120}(?:exceeded|timed out|longer than)|##\[error\].{0,80}has timed out|"
        r"ERROR: Job failed: execution took longer than|WARNING: step_script could not run to completion because the timeout|"
        r"No output has been received in the last|The job exceeded the maximum time|Too long with no output|Timeout has been exceeded|"
        r"Build timed out \(after|Cancelling nested steps due to timeout|Build execution time has reached the maximum|"
        r"slurmstepd: error: .{0,200}DUE TO TIME LIMIT|.{0,80}exceeded the (?:maximum|allowed) (?:build |execution |job )?time|"
        r"timeout: sending signal \w+ to command|.{0,40}Job's time limit|ERROR: context deadline exceeded|.{0,80}: start operation timed out",
    ),
    (
        "infrastructure",
        r"##\[error\]The runner has received a shutdown signal|##\[error\]The (?:self-hosted|hosted) runner\b.{0,120}(?:lost communication|encountered an error)|"
        r".{0,40}lost communication with the server|ERROR: Job failed \(system failure\)|ERROR: Preparation failed|.{0,60}stopped hearing from agent|"
        r".{0,80}(?:Agent|agent) (?:went offline|was removed|disconnected)|.{0,40}(?:hudson\.remoting\.|java\.nio\.channels\.)(?:ChannelClosed|ClosedChannel)Exception|"
        r"Cannot contact \S+: |ERROR: Connection was broken|.{0,60}[Nn]ode .{0,60} is offline|.{0,80}instance (?:was )?(?:preempted|terminated)|"
        r".{0,40}encountered an internal error when running your job|.{0,60}no enabled runners online|Failed to create pod sandbox|"
        r".{0,60}Spot (?:instance|VM) (?:interruption|termination|eviction)|.{0,60}The node was low on resource|An error occurred while generating the build script",
    ),
    (
        "cancelled",
        r"##\[error\]The (?:operation|run|job|build) was cancell?ed|.{0,10}[Cc]ancell?ing since a higher priority|ERROR: Job failed: cancell?ed|"
        r"Job cancell?ed|Done\. Job Cancelled|Aborted by \S+|Build was (?:aborted|cancell?ed)|Finished: ABORTED|slurmstepd: error: .{0,200}CANCELLED AT|"
        r"# Received cancellation signal|ERROR: failed to (?:solve|build): [Cc]ancell?ed|.{0,40}context canceled$|\^C$|.{0,200}: SIG(?:TERM|INT) \(SignalException\)|"
        r"ERROR: script returned exit code 143|make: \*\*\* .{0,120} (?:Interrupt|Terminated)$|KeyboardInterrupt$",
    ),
    (
        "disk",
        r".{0,40}You are running out of disk space\. The runner will stop|.{0,300}[Nn]o space left on device|.{0,200}\bENOSPC\b|"
        r".{0,200}[Tt]here is not enough space on the disk|.{0,200}[Dd]isk quota exceeded|.{0,60}database or disk is full|"
        r".{0,120}[Oo]ut of disk ?space|E: You don't have enough free space",
    ),
    (
        "memory",
        r".{0,60}[Oo]ut of memory: Killed process|.{0,60}Memory cgroup out of memory|.{0,80}\bOOMKill(?:ed|ing)\b|.{0,60}invoked oom-killer|"
        r".{0,80}JavaScript heap out of memory|.{0,80}java\.lang\.OutOfMemoryError|MemoryError\b|.{0,80}std::bad_alloc|virtual memory exhausted|"
        r".{0,120}[Cc]annot allocate memory|(?:\S+: line \d+: +\d+ )?Killed(?: {2,}.*)?$|.{0,80}fatal error: Killed signal terminated program|"
        r".{0,80}CUDA out of memory|slurmstepd: error: .{0,120}oom.kill|.{0,60}[Ee]xceeded job memory limit|.{0,60}exit(?:ed with)?(?: code| status)?:? 137\b|"
        r".{0,60}signal: 9, SIGKILL|.{0,60}memory allocation of \d+ bytes failed|PHP Fatal error: +Allowed memory size|.{0,20}Allowed memory size of \d+ bytes exhausted",
    ),
)
_FORM = re.compile("|".join(f"(?P<{kind}>{form})" for kind, form in _OF_THE_CI))
_MAY = (
    *(
        "time",
        "TIME",
        "output",
        "signal",
        "runner",
        "agent",
        "Agent",
        "ancel",
        "ABORT",
        "Abort",
        "abort",
        "space",
        "ENOSPC",
        "quota",
    ),
    *(
        "emory",
        "OOM",
        "oom",
        "Killed",
        "bad_alloc",
        "137",
        "deadline",
        "failure)",
        "offline",
        "Exception",
        "Interrupt",
        "Terminated",
    ),
    *(
        "contact",
        "broken",
        "Preparation",
        "instance",
        "Spot",
        "resource",
        "internal error",
        "sandbox",
        "script",
        "disk",
        "SIG",
        "^C",
        "longer",
    ),
)
"""A line without any of these tells no stop."""
_FIRST = ("infrastructure", "timeout", "disk", "memory", "cancelled")
"""Of several kinds, the one that is the cause of the others."""
_LONGEST = 400
_FAR = 60
"""Lines of output after a stop beyond which the run went on without minding."""


def outside_stop(contents: Sequence[str], roles: Sequence[Role]) -> OutsideStop | None:
    """What ended a failed run from outside, if a line near its end tells it."""
    found: list[OutsideStop] = []
    after = 0
    for place in range(len(contents) - 1, -1, -1):
        if after > _FAR:
            break
        role = roles[place]
        if role not in {Role.OUTPUT, Role.AFTER}:
            continue
        content = contents[place][:_LONGEST]
        after += 1
        if any(word in content for word in _MAY) and (match := _FORM.match(content)):
            if TAKEN_BACK(content) or (
                ONLY_WARNS(content) and not content.startswith("WARNING: step_script")
            ):
                continue
            found.append(OutsideStop(place, str(match.lastgroup), after - 1))
    if any(stop.kind == "cancelled" for stop in found) and _failed_before(contents, roles, found[-1].place):
        found = [stop for stop in found if stop.kind != "cancelled"]
    if not found:
        return None
    kind = min((stop.kind for stop in found), key=_FIRST.index)
    told = [stop for stop in found if stop.kind == kind]
    # A CI system says it in its last line; of a lack, the first line is the cause of the others.
    return told[-1] if kind in {"disk", "memory"} else told[0]


def _failed_before(contents: Sequence[str], roles: Sequence[Role], place: int) -> bool:
    """Another job or step had failed: what was cancelled then is a consequence."""
    return any(
        roles[before] is Role.OUTPUT
        and (contents[before].startswith("##[error]") or BAD_RUN(contents[before][:_LONGEST]))
        for before in range(place)
    )
