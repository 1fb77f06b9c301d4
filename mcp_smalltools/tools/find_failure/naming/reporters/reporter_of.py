"""Which tool printed a line, by the form of its own output, and what that tool does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcp_smalltools.tools.find_failure.naming.reporters.build_tools import BUILD_TOOLS
from mcp_smalltools.tools.find_failure.naming.reporters.checkers import CHECKERS
from mcp_smalltools.tools.find_failure.naming.reporters.compilers import COMPILERS
from mcp_smalltools.tools.find_failure.naming.reporters.deployers import DEPLOYERS
from mcp_smalltools.tools.find_failure.naming.reporters.installers import INSTALLERS
from mcp_smalltools.tools.find_failure.naming.reporters.reporter import Reporter
from mcp_smalltools.tools.find_failure.naming.reporters.runtimes import RUNTIMES
from mcp_smalltools.tools.find_failure.naming.reporters.test_runners import TEST_RUNNERS

_NEAR = 40
"""Lines before and after a span in which the report is looked for that a line of it belongs to."""
_LONGEST = 60
"""Lines of a span that are looked at."""

REPORTERS = (
    *TEST_RUNNERS,
    *COMPILERS,
    *CHECKERS,
    *INSTALLERS,
    *DEPLOYERS,
    *BUILD_TOOLS,
    *RUNTIMES,
)
"""In the order of the tables: of two whose form one line has, the first is taken."""
_FRAMING = tuple(known for known in REPORTERS if known.frames is not None)


def reporter_of(contents: Sequence[str], start: int, stop: int, peak: int) -> Reporter | None:
    """Who printed the lines from `start` to before `stop`: the reporter that is closest to the failure among
    those whose form one of the lines has, or, where those are only of what ran another, whose report is around
    them. Lines in nobody's form have no reporter, whatever is around.
    """
    lines = [peak, *range(start, min(stop, start + _LONGEST))]
    own = _closest(contents[place] for place in lines)
    if own is not None and own.rank == 0:
        return own
    before = range(start - 1, max(start - _NEAR, 0) - 1, -1)
    after = range(stop, min(stop + _NEAR, len(contents)))
    around = _closest((contents[place] for place in (*before, *after)), frames=True)
    if around is not None and own is not None and around.rank < own.rank:
        return around
    return own


def _closest(lines: Iterable[str], *, frames: bool = False) -> Reporter | None:
    """Of the reporters of these lines one of the lowest rank: the first line's, of one line the first in the
    table.
    """
    best: Reporter | None = None
    for line in lines:
        for known in _FRAMING if frames else REPORTERS:
            if best is not None and known.rank >= best.rank:
                continue
            forms = known.frames if frames else known.forms
            if forms is not None and forms.search(line):
                best = known
        if best is not None and best.rank == 0:
            break
    return best
