"""What `skills new` writes: a skill pack that works as it is, for the user to change."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping
from pathlib import Path

from mcp_smalltools.errors import SkillError
from mcp_smalltools.skills.manifest import FILE_NAME, NAME_PATTERN, schema_of_file

SCHEMA_NAME = "skill.schema.json"

_CLASSIFY = '''
description = """\\
Sort support tickets under the desk that answers them. Use it for a dozen to thousands of \\
tickets. Returns label, confidence and escalate for each; read only the escalated ones yourself."""

# What the texts are, in a few words.
prompt = "messages to a support desk"

# Names, or a table of names with what belongs there. "other" means "none of these".
[labels]
billing = "invoices, refunds, payment methods"
bug = "something is broken, or does not do what it should"
how_to = "a question about how something is done"
other = ""

# 3 to 10 examples for each label improve the answers a lot. For many, use a file in this folder:
# examples = "examples.tsv"   (label, tab, text; before the first [table])
[[examples]]
label = "billing"
text = "I was charged twice this month"

[[examples]]
label = "bug"
text = "the page stays blank after I log in"

[[examples]]
label = "how_to"
text = "where do I change my password?"

# An answer with a lower confidence is escalated, so that the agent decides.
[thresholds]
escalate_below = 0.8
'''

_EXTRACT = '''
description = """\\
Extract date, service and cause from an incident report. Returns each value with its source \\
line; what the report doesn't say is null and listed as missing."""

# The JSON schema of the data, or the name of a .json file in this folder: schema = "incident.json"
[schema]
type = "object"

[schema.properties.date]
type = "string"
description = "day of the incident, as written"

[schema.properties.service]
type = "string"
description = "service that failed"

[schema.properties.cause]
type = "string"
description = "what caused it, in the report's own words"
'''

_ASK = '''
description = """\\
Find out which port a service listens on, from its configuration files. Returns the lines \\
that say so, verbatim, or not found."""

# The question. Without it, the agent asks.
prompt = "On which port does the service listen?"
'''

_SUMMARIZE = '''
description = """\\
Summarize what a design document decides, with line numbers. Use it before reading the \\
document, or instead. Returns the sentences that matter, verbatim."""

# What to look for. Without it, the agent says.
prompt = "what was decided, and why"
max_words = 200
'''

_BODIES: Mapping[str, str] = {
    "classify": _CLASSIFY,
    "extract": _EXTRACT,
    "ask": _ASK,
    "summarize": _SUMMARIZE,
}
KINDS = tuple(_BODIES)


def write_new(name: str, kind: str, parent: Path, taken: Container[str] = ()) -> Path:
    """Make the folder `parent/name` with a skill.toml, and in `parent` the schema for editors; returns the
    skill.toml. Raises SkillError for a name that can't be used or is `taken`, and for a folder that exists or
    can't be made.
    """
    if not re.match(NAME_PATTERN, name):
        raise SkillError(f"{name!r} can't be a name.", remedy="Use 1 to 30 of the letters a to z and _.")
    if name in taken:
        raise SkillError(f"{name!r} is the name of a built-in tool.", remedy="Choose another name.")
    folder = parent / name
    try:
        folder.mkdir(parents=True)
        (parent / SCHEMA_NAME).write_text(json.dumps(schema_of_file(), indent=1) + "\n", encoding="utf-8")
        path = folder / FILE_NAME
        path.write_text(text_of(name, kind, f"../{SCHEMA_NAME}"), encoding="utf-8")
    except FileExistsError:
        raise SkillError(f"{folder} already exists.", remedy="Choose another name, or remove it.") from None
    except OSError as error:
        raise SkillError(
            f"{folder} can't be made: {error.strerror}.", remedy="Name a folder with --dir."
        ) from None
    return path


def text_of(name: str, kind: str, schema: str) -> str:
    return f'#:schema {schema}\nname = {json.dumps(name)}\nkind = "{kind}"\n{_BODIES[kind].lstrip()}'
