"""Names for the parts of made-up projects."""

from __future__ import annotations

from random import Random

NOUNS = (
    "account agent archive asset audit backup badge balance batch beacon billing bucket buffer cache calendar "
    "carrier catalog channel cluster codec coupon courier cursor dealer delivery device digest dispatch driver "
    "engine entry event export feed filter folder frame gateway graph handler header history image index "
    "inventory invoice journal kernel layout ledger lesson letter limiter loader locker mapper market matrix "
    "menu merger metric mixer monitor notice order packet page parser partner passage patch payment photo "
    "planner player pointer policy portal printer profile quota reader record refund region registry render "
    "report request resolver route ruler sample scanner schedule sensor session shelf signal sorter stock "
    "stream student tariff template ticket timer token tracker transfer tunnel upload vehicle vendor viewer "
    "voucher wallet window worker"
).split()
VERBS = (
    "accept adjust apply archive assign balance build cancel check clean close collect compare compute convert "
    "copy count create decode deliver detect drain encode enrich expand export fetch fill flush format freeze "
    "gather group guess import join link load lock measure merge move order pack parse pick place prune pull "
    "push rank read reduce refresh render replay reset resolve restore retry scale scan score select send shift "
    "show sign slice solve sort split start store submit sync trim update verify weigh write"
).split()


def noun(chance: Random) -> str:
    return chance.choice(NOUNS)


def nouns(chance: Random, count: int) -> list[str]:
    """Different ones."""
    return chance.sample(NOUNS, count)


def call(chance: Random) -> str:
    return f"{chance.choice(VERBS)}_{chance.choice(NOUNS)}"


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))


def pascal(name: str) -> str:
    return "".join(map(str.capitalize, name.split("_")))
