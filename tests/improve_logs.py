"""Logs of a made-up in-house release tool, for the tests of `improve`: why it stops is said without a word
that usual tools have for it.
"""

from __future__ import annotations

import random

SERVICES = [
    "checkout",
    "search",
    "mailer",
    "ledger",
    "avatar",
    "quotes",
    "stock",
    "pricing",
    "routes",
    "login",
]
STEPS = ["resolve", "fetch", "unpack", "link", "sign", "upload", "probe"]


def release_log(number: int) -> tuple[str, str]:
    """A log, and its line that says why."""
    rng = random.Random(number)
    service = SERVICES[number % len(SERVICES)]
    lines = [f"drydock 4.2 releasing {service} to ring {rng.randint(1, 3)}"]
    for step in STEPS:
        lines.append(f"> {step}")
        lines += [
            f"  {step} part {part} of {service} took {rng.randint(3, 900)} ms"
            for part in range(1, rng.randint(4, 9))
        ]
    taken, ring = rng.randint(11, 60), rng.randint(1, 3)
    why = f"tide gate holds {service} back: {taken} of 60 berths taken in ring {ring}"
    lines.append(f"  {why}")
    lines += [f"  mooring line {at} slack" for at in range(1, rng.randint(3, 6))]
    lines += [
        f"warning: manifest of {service} has {rng.randint(2, 9)} unsigned hints",
        f"error: step 'dock' of {service} did not finish",
        f"error: release {rng.randint(100, 999)} is incomplete, see the lines above",
        "drydock: exit 7",
    ]
    return "\n".join(lines) + "\n", why
