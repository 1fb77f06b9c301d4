"""Everyday words for what enums name: `woman` for `female`, `under` for `below`, `on foot` for `walking`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

_WORDS: Final = {
    "female": "woman|women|girl|lady|she|her",
    "male": "man|men|boy|gentleman|he|his",
    "below": "under|beneath|less than|lower than|falls to|drops to|at most",
    "above": "over|more than|higher than|exceeds?|rises to|at least",
    "less": "under|below|fewer",
    "greater": "over|above|more than|larger than",
    "hourly": "every hour|each hour|an hour|per hour",
    "daily": "every day|each day|a day|per day|every morning|every evening|day by day",
    "weekly": "every week|each week|a week|per week|once a week",
    "monthly": "every month|each month|a month|per month|once a month",
    "quarterly": "every quarter|each quarter|per quarter",
    "yearly": "annual(?:ly)?|every year|each year|a year|per year|once a year",
    "annual": "yearly|every year|each year|a year|per year",
    "annually": "annual|yearly|every year|each year|a year|per year",
    "driving": "by car|drive|in my car",
    "car": "by car|drive|driving",
    "walking": "on foot|walk|by foot",
    "walk": "on foot|walking",
    "bicycling": "by bike|by bicycle|bike|cycling|cycle",
    "cycling": "by bike|by bicycle|bike|bicycle",
    "bike": "bicycle|cycling|cycle",
    "transit": "public transport(?:ation)?|by bus|by train|by subway",
    "ascending": "smallest first|lowest first|increasing|from small(?:est)? to larg(?:e|est)",
    "asc": "ascending|smallest first|lowest first|increasing",
    "descending": "largest first|highest first|decreasing|from larg(?:e|est) to small(?:est)?",
    "desc": "descending|largest first|highest first|decreasing",
    "celsius": "°C|degrees? C|centigrade",
    "fahrenheit": "°F|degrees? F",
    "metric": "kilometers|kilometres|kilograms|meters|metres|celsius",
    "imperial": "miles|pounds|feet|fahrenheit",
    "easy": "simple|gentle|beginners?",
    "hard": "difficult|challenging|demanding",
    "high": "urgent|highest",
    "women": "woman|ladies|female|girls?",
    "men": "man|gentlemen|male|boys?",
    "home": "at home",
    "one-way": "one way|single",
    "round-trip": "round trip|return trip|there and back",
}


def synonyms_in(text: str, members: Sequence[Any]) -> Iterator[tuple[int, int, Any]]:
    """Places [start, end) where a member of an enum is said in another everyday word."""
    for member in members:
        if words := _WORDS.get(str(member).lower()):
            for match in re.finditer(rf"(?<!\w)(?:{words})(?!\w)", text, re.IGNORECASE):
                yield match.start(), match.end(), member
