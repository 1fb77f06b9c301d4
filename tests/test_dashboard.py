"""The dashboard: its figures are the ledger's, no text escapes, and only whoever opened the link sees it."""

from __future__ import annotations

import dataclasses
import datetime
import html.parser
import re
import sqlite3
from pathlib import Path

import anyio
import httpx2
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_stores import A_ROW

from mcp_smalltools.calibration.scores import REAL_INPUT, Evaluation, record_quality
from mcp_smalltools.config import Settings
from mcp_smalltools.dashboard.access import COOKIE, DashboardAccess, LinkUsedTwice, WrongKey
from mcp_smalltools.dashboard.bill import PeriodBill, bill_of
from mcp_smalltools.dashboard.details import names_of
from mcp_smalltools.dashboard.elements import element
from mcp_smalltools.dashboard.figures import MOST_NAMES, UNKNOWN, FigureReader, Figures
from mcp_smalltools.dashboard.loopback_page import CHART_DAYS, HEADERS, dashboard_app, serve_dashboard
from mcp_smalltools.dashboard.machine import Machine, MachineWatch
from mcp_smalltools.dashboard.next_steps import next_steps
from mcp_smalltools.dashboard.page import Shown, headline, page, truth
from mcp_smalltools.dashboard.shown_numbers import share, short
from mcp_smalltools.dashboard.specialist_entries import specialists_section
from mcp_smalltools.dashboard.specialists import (
    Specialist,
    is_too_sure,
    own_bins,
    right_when_sure,
    specialists,
)
from mcp_smalltools.doctor.check import Check, CheckState
from mcp_smalltools.economics.accounts import account_of
from mcp_smalltools.economics.prices import load_prices
from mcp_smalltools.engine.api import EngineStatus
from mcp_smalltools.learning.improve.kept import LearnedState
from mcp_smalltools.stores.accounts.call_cost import CallCost
from mcp_smalltools.stores.accounts.weak_outcomes import WEIGHTS, WeakOutcome
from mcp_smalltools.stores.ledger import GUARD_ROWS, LedgerRow, RefusedRequests, ledger_file, open_ledger
from mcp_smalltools.stores.outcomes import ReportedOutcome, open_outcomes

NOON = datetime.datetime.combine(datetime.date.today(), datetime.time(12)).timestamp()
DAY = 86_400.0
QUIET = Machine(EngineStatus(False), [])


def a_call(call_id: str, **changes: object) -> LedgerRow:
    return dataclasses.replace(A_ROW, **{"call_id": call_id, "at": NOON, "answer": "{}"} | changes)  # type: ignore[arg-type]


def write(settings: Settings, *rows: LedgerRow) -> None:
    ledger = open_ledger(settings)
    for row in rows:
        ledger.write(row)
    ledger.close()


def report(settings: Settings, row: LedgerRow, verdict: str, at: float = NOON + 60) -> None:
    store = open_outcomes(settings.state_dir)
    store.write(
        ReportedOutcome(
            *(row.call_id, at, verdict, "", [], row.tool, row.paths),  # type: ignore[arg-type]
            *(row.model, row.confidence, row.escalate, row.client),
        )
    )
    store.close()


def read(settings: Settings, period: int | None = None) -> Figures:
    return FigureReader(settings).read(period, CHART_DAYS)


def made(settings: Settings, machine: Machine = QUIET, period: int | None = None) -> str:
    figures = read(settings, period)
    names = names_of(figures.latest, settings)
    return page(Shown(figures, specialists(figures.outcomes), machine, names, NOON))


# The figures


def test_the_figures_are_what_the_ledgers_rows_say(settings: Settings) -> None:
    rows = [
        a_call("a"),
        a_call("b", bytes_read=500_000, client="codex", tool="find_failure"),
        a_call("c", bytes_read=100, chars_left=900),  # cost more than it saved
        a_call("d", escalate=True),
        a_call("e", error="not_found", chars_left=80),
        a_call("f", client="codex", principal="token ci", cached=True),
        a_call("g", at=NOON - 3 * DAY),
    ]
    write(settings, *rows)
    today = [row for row in rows if row.at == NOON]
    figures = read(settings, 1)
    assert figures.total.calls == 6
    assert figures.net == sum(row.chars_saved for row in today)
    assert figures.total.saved == sum(max(row.chars_saved, 0) for row in today)
    assert figures.total.losing == 3
    assert (figures.total.escalated, figures.total.errors, figures.total.cached) == (1, 1, 1)
    assert {name: tally.calls for name, tally in figures.by_tool.items()} == {
        "parse_log": 5,
        "find_failure": 1,
    }
    assert {name: tally.calls for name, tally in figures.by_agent.items()} == {
        "cli": 4,
        "codex": 1,
        "codex (token ci)": 1,
    }
    week = read(settings, 7)
    assert week.net == sum(row.chars_saved for row in rows)
    assert [day.total.calls for day in week.days[-4:]] == [1, 0, 0, 6]


def test_an_answer_that_was_wrong_saved_nothing_and_cost_its_reading(settings: Settings) -> None:
    right, wrong = a_call("a"), a_call("b")
    write(settings, right, wrong)
    report(settings, right, "right")
    report(settings, wrong, "wrong")
    figures = read(settings)
    assert figures.total.saved == right.chars_saved
    assert figures.total.lost == wrong.chars_asked + wrong.chars_left
    assert truth(figures) == "2 of 2 answers were checked: 1 right, 1 wrong."


def test_an_outcome_counts_for_the_day_of_its_call_even_when_that_was_read_before(settings: Settings) -> None:
    old = a_call("a", at=NOON - 5 * DAY)
    write(settings, old)
    reader = FigureReader(settings)
    before = reader.read(7, CHART_DAYS)
    report(settings, old, "wrong")
    after = reader.read(7, CHART_DAYS)
    assert (before.total.outcomes.total(), after.total.outcomes["wrong"]) == (0, 1)
    assert (before.net, after.net) == (old.chars_saved, -old.chars_asked - old.chars_left)


def test_what_agents_did_next_is_shown_as_a_sign_and_a_report_outweighs_it(settings: Settings) -> None:
    rows = [a_call("a"), a_call("b"), a_call("c")]
    write(settings, *rows)
    report(settings, rows[2], "right")
    store = open_outcomes(settings.state_dir)
    store.add_weak(
        [
            WeakOutcome(call, kind, "hook", NOON, WEIGHTS[kind], "parse_log", None, None, False, "cli")  # type: ignore[arg-type, index]
            for call, kind in (("a", "edited"), ("b", "read_whole"), ("c", "read_whole"), ("a", "opened"))
        ]
    )
    store.close()
    figures = read(settings)
    assert dict(figures.total.signs) == {"for": 1, "against": 1}
    assert dict(figures.total.outcomes) == {"right": 1}
    assert "speaks for 1 more answer and against 1" in truth(figures)


def test_hooks_stand_apart_and_what_they_add_is_a_cost(settings: Settings) -> None:
    hook = a_call("h", client="hook", chars_left=5_000)
    masked = a_call("g1", tool=GUARD_ROWS, client="hook")
    guard = [masked, dataclasses.replace(masked, call_id="g2", error="guard_shown")]
    write(settings, a_call("a"), hook, *guard)
    figures = read(settings)
    assert (figures.total.calls, figures.hooks.calls) == (1, 1)
    assert figures.net == a_call("a").chars_saved + hook.chars_saved < a_call("a").chars_saved
    assert figures.guard == {"masked": 1, "shown": 1}
    assert "hook" not in figures.by_agent
    assert [row.call_id for row in figures.latest] == ["a"]


def test_names_that_callers_make_up_are_counted_together(settings: Settings) -> None:
    rows = [a_call(f"t{n}", tool=f"tool{n}", client=f"client{n}") for n in range(60)]
    write(settings, *rows, a_call("x", tool="<script>", error="usage"))
    figures = read(settings)
    assert max(len(figures.by_tool), len(figures.by_agent)) <= MOST_NAMES + 1
    assert sum(tally.calls for tally in figures.by_tool.values()) == 61
    assert UNKNOWN not in figures.by_tool or figures.by_tool[UNKNOWN].calls == 1


def test_a_row_that_somebody_has_changed_breaks_nothing(settings: Settings) -> None:
    write(settings, a_call("a"), a_call("b"))
    with sqlite3.connect(ledger_file(settings)) as db:
        db.execute("UPDATE calls SET seconds = 'x', level = '<b>', tool = '<i>' WHERE call_id = 'b'")
    text = made(settings)
    assert "<b>" not in text and "<i>" not in text
    assert read(settings).total.calls == 2


# The page


def test_the_first_day_says_what_to_do(settings: Settings) -> None:
    text = made(settings)
    assert "No agent has called the tools yet." in text
    for command in ("mcp-smalltools demo", "mcp-smalltools install claude-code", "mcp-smalltools discover"):
        assert command in text


def test_a_day_that_cost_more_than_it_saved_says_so(settings: Settings) -> None:
    write(settings, *(a_call(str(n), bytes_read=10, chars_left=2_000) for n in range(3)))
    assert headline(read(settings)) == (
        "Today 3 calls cost your agents about 1.5k tokens more than they saved."
    )
    assert "−1.5k" in made(settings)


def test_without_calls_today_the_page_starts_with_the_last_weeks(settings: Settings) -> None:
    write(settings, a_call("a", at=NOON - 2 * DAY))
    assert read(settings).period == CHART_DAYS
    assert headline(read(settings, 1)) == "Today no agent called the tools."


NASTY = "<script>alert(1)</script>\"'&\x1b[31m\u202e"


def test_no_text_of_others_is_markup_and_no_answer_is_on_the_page(settings: Settings) -> None:
    row = a_call(
        "a", client=NASTY, tool=NASTY, paths=[f"/x/{NASTY}.log"], answer='{"evidence": "canary of an answer"}'
    )
    write(settings, row)
    report(settings, row, "wrong")
    checks = [Check(NASTY, CheckState.WRONG, NASTY, NASTY)]
    text = made(settings, Machine(EngineStatus(True, backend=NASTY, extra={"problem": NASTY}), checks))
    assert "<script" not in text and "\x1b" not in text and "\u202e" not in text
    assert "&lt;script&gt;" in text
    assert "canary" not in text


def test_files_of_sealed_folders_are_not_named_and_names_are_masked(settings: Settings) -> None:
    sealed = a_call("a", level="sealed", paths=["/secret/merger-with-acme.txt"])
    named = a_call("b", paths=["/x/mail-to-jane.doe@example.com.txt"])
    write(settings, sealed, named)
    text = made(settings)
    assert "merger" not in text and "acme" not in text
    assert "jane.doe" not in text
    assert names_of([sealed], settings) == {"a": "sealed"}


class _Outline(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_asks_for_nothing_from_elsewhere(settings: Settings) -> None:
    write(settings, a_call("a"))
    text = made(settings)
    outline = _Outline()
    outline.feed(text)
    assert outline.open == []
    values = [value or "" for name, value in outline.attributes if name in ("href", "src", "action", "style")]
    assert values
    assert not [value for value in values if "//" in value]
    assert not [name for name, _ in outline.attributes if name == "style" or name.startswith("on")]
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'aria-labelledby="([^"]+)"', text)) <= set(ids)


@hypothesis.settings(max_examples=50)
@given(st.text(), st.text())
def test_what_is_written_into_an_element_is_read_from_it(content: str, value: str) -> None:
    made_element = element("p", content, title=value)
    body = made_element.removeprefix("<p").removesuffix("</p>")
    assert body.count("<") == 0 and body.count(">") == 1
    assert body.count('"') == 2


def test_money_is_shown_to_the_cent_and_nothing_below_one(settings: Settings) -> None:
    write(settings, a_call("a"))
    shown = Shown(read(settings), [], QUIET, {"a": "a.log"}, NOON)
    for usd, said in ((0.2454, "About $0.25 less to pay"), (-1.5, "About $1.50 more to pay"), (0.004, "")):
        bill = PeriodBill(model="claude", day=datetime.date(2026, 1, 1), usd=usd, joules=0.0)
        html_text = page(dataclasses.replace(shown, bill=bill))
        assert said in html_text if said else "to pay" not in html_text


def test_a_share_of_few_answers_is_shown_as_a_count(settings: Settings) -> None:
    rows = [a_call(f"a{n}") for n in range(12)]
    write(settings, *rows)
    report(settings, rows[0], "right")
    assert "1 of 1" in made(settings) and "100%" not in made(settings)
    for row in rows[1:]:
        report(settings, row, "right")
    assert "100%" in made(settings)


def test_nothing_is_shown_as_wholly_sure(settings: Settings) -> None:
    write(settings, a_call("a", confidence=0.998), a_call("b", confidence=0.99))
    shown = made(settings)
    assert "&gt;99% sure" in shown and "99% sure" in shown and "100% sure" not in shown


def test_figures_on_real_input_stand_first_and_with_the_worst_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bins = [(0.95, 0.9, 40)]
    told = {"items": 100, "command": "eval", "date": datetime.date(2026, 1, 1), "reliability": bins}
    newer = told | {"date": datetime.date(2026, 2, 2), "reliability": [(0.95, 1.0, 4000)]}
    real = {"all right": 0.7, "all right where sure": 0.9, "all right, worst source": 0.33}
    file = Evaluation(set="a clean benchmark", metrics={"accuracy": 0.99, "F1": 0.98}, **newer)
    first = Evaluation(set=REAL_INPUT, metrics=real, aims={"all right where sure": ">= 0.95"}, **told)
    record_quality(tmp_path / "skills" / "extract" / "scores.json", [file, first])
    monkeypatch.setattr("mcp_smalltools.dashboard.specialists.library_folder", lambda: tmp_path)
    shown = specialists_section(specialists([]))
    assert shown.index("all right where sure (aim missed)") < shown.index("a clean benchmark")
    assert "(aim missed); all right 0.70, all right, worst source 0.33" in shown
    assert "0.99" in shown and "0.98" not in shown
    assert f"90% of 40 answers were right ({REAL_INPUT})" in shown


# What to do next


def test_each_step_has_a_reason_in_the_figures(settings: Settings) -> None:
    costly = [a_call(f"a{n}", tool="summarize_file", bytes_read=100, chars_left=4_000) for n in range(30)]
    back = [a_call(f"b{n}", tool="extract", escalate=n % 2 == 0) for n in range(30)]
    wrong = [a_call(f"{tool}{n}", tool=tool) for tool in ("classify", "parse_log") for n in range(6)]
    write(settings, *costly, *back, *wrong, a_call("g", tool=GUARD_ROWS, client="hook", error="guard_shown"))
    ledger = open_ledger(settings)
    ledger.refuse(RefusedRequests(int(NOON // 60), "wrong token", "", "10.0.0.9", "/mcp", 3))
    ledger.close()
    for row in wrong:
        report(settings, row, "wrong")
    steps = next_steps(read(settings), [], [Check("engine", CheckState.WRONG, "it died", "Start it.")])
    found = [(step.what, step.command) for step in steps]
    assert found[0] == ("Mend: engine", "")
    assert ("Look at what classify got wrong", "mcp-smalltools skills outcomes classify") in found
    assert ("Train parse_log on your own files", "mcp-smalltools train parse_log --from DIR") in found
    assert ("Hide summarize_file, if it doesn't pay", 'hide_tools = ["summarize_file"]') in found
    assert ("See why extract hands so much back", "mcp-smalltools audit") in found
    assert ("Change the secrets that your agent was shown", "mcp-smalltools audit") in found
    assert ("See who was refused", "mcp-smalltools audit") in found
    assert not [what for what, _ in found if "Let your agent say" in what]


def test_nothing_is_to_do_where_all_is_well(settings: Settings) -> None:
    row = a_call("a", tool="find_failure")
    write(settings, row, *(a_call(f"b{n}") for n in range(30)))
    report(settings, row, "right")
    assert next_steps(read(settings), [], []) == []
    assert "Nothing: the set-up is whole" in made(settings)


def test_a_confidence_that_fails_on_the_users_files_is_said() -> None:
    own = own_bins([(0.95, n % 2 == 0) for n in range(40)])
    assert own == [(pytest.approx(0.95), 0.5, 40)]
    assert right_when_sure(own) == (0.5, 40)
    by_chance = own_bins([(0.7, n < 11) for n in range(20)])  # 11 of 20 right
    assert is_too_sure(own) and not is_too_sure(by_chance)
    figures = Figures(
        *(datetime.date.today(), 1, [], *_no_calls(), {}, {}, {}, {}, 0, [], {}, [], 0),  # type: ignore[arg-type]
    )
    steps = next_steps(figures, [Specialist("classify", [], None, own, 40)], None)
    assert [step.what for step in steps] == ["Don't trust the confidence of classify as it is"]


def _no_calls() -> tuple[object, object]:
    from mcp_smalltools.dashboard.figures import Tally

    return Tally(), Tally()


def test_every_specialist_that_ships_with_scores_is_shown(settings: Settings) -> None:
    text = made(settings)
    for name in ("classify", "extract", "find_failure", "find_files", "parse_log", "summarize_file"):
        assert f"<h3>{name}</h3>" in text
    assert "Calibration of classify. When it was 90% sure or more" in text


def test_what_was_learned_from_corrections_is_shown_with_how_to_undo_it(settings: Settings) -> None:
    states = [LearnedState(f"classify: {NASTY}", "1f0c", 2, 40), LearnedState("classify: a, b", "2a", 0, 12)]
    figures = read(settings)
    text = page(Shown(figures, [], QUIET, {}, NOON, None, states))
    assert "version 2 in use, 40 cases" in text
    assert "mcp-smalltools improve --undo 1f0c" in text
    assert "--undo 2a" not in text
    assert "<script" not in text


# Numbers


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (999.6, "1.0k"),
        (1_234, "1.2k"),
        (34_567, "35k"),
        (-2_500, "−2.5k"),
        (3e6, "3.0M"),
    ],
)
def test_numbers_are_short(number: float, shown: str) -> None:
    assert short(number) == shown


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_share_is_0_or_100_only_where_that_is_exact(part: int, whole: int) -> None:
    part = min(part, whole)
    assert (share(part, whole) == "0%") == (part == 0)
    assert (share(part, whole) == "100%") == (part == whole)


# Who may see it


def test_the_link_works_once_and_a_second_use_closes_all_access() -> None:
    access = DashboardAccess()
    key = access.link(1).partition("key=")[2]
    with pytest.raises(WrongKey):
        access.admit("", "")
    assert not access.knows("")
    cookie = access.admit(key, "")
    assert access.knows(cookie)
    assert access.admit(key, cookie) == cookie  # the same browser again
    with pytest.raises(LinkUsedTwice):
        access.admit(key, "another")
    assert not access.knows(cookie)


def test_a_key_that_was_never_used_makes_no_cookie_good() -> None:
    access = DashboardAccess()
    assert not access.knows(access._cookie)


@pytest.fixture
def access() -> DashboardAccess:
    return DashboardAccess()


@pytest.fixture
async def browser(settings: Settings, access: DashboardAccess) -> httpx2.AsyncClient:
    app = dashboard_app(settings, access, MachineWatch(settings), 4321)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:4321")


@pytest.mark.anyio
async def test_only_whoever_opened_the_link_gets_the_page(
    browser: httpx2.AsyncClient, access: DashboardAccess
) -> None:
    folder = access.folder
    for path in (
        f"{folder}/",
        f"{folder}/other",
        "/",
        "/style.css",
        f"{folder}/open",
        f"{folder}/open?key=x",
    ):
        assert (await browser.get(path)).status_code == 403
    assert (await browser.head(access.link(4321))).status_code == 403
    opened = await browser.get(access.link(4321))
    assert opened.status_code == 200
    cookie = opened.headers["set-cookie"]
    assert f"Path={folder}/" in cookie and "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert "key=" not in opened.text
    shown = await browser.get(f"{folder}/?days=7")
    assert shown.status_code == 200
    assert 'aria-current="page">7 days' in shown.text
    assert (await browser.post(f"{folder}/")).status_code == 405
    assert (await browser.get(f"{folder}/", headers={"cookie": f"{COOKIE}=x"})).status_code == 403


@pytest.mark.anyio
async def test_requests_under_other_names_and_from_other_pages_are_refused(
    browser: httpx2.AsyncClient, access: DashboardAccess
) -> None:
    await browser.get(access.link(4321))
    page_path = f"{access.folder}/"
    assert (await browser.get(page_path, headers={"host": "evil.example:4321"})).status_code == 421
    assert (await browser.get(page_path, headers={"origin": "http://evil.example"})).status_code == 403
    assert (await browser.get(page_path, headers={"origin": "http://127.0.0.1:4321"})).status_code == 200
    opening = await browser.get(access.link(4321), headers={"host": "evil.example"})
    assert opening.status_code == 421


@pytest.mark.anyio
async def test_every_response_forbids_scripts_frames_and_caches(
    browser: httpx2.AsyncClient, access: DashboardAccess
) -> None:
    for path in ("/", access.link(4321), f"{access.folder}/", f"{access.folder}/style.css"):
        response = await browser.get(path)
        assert HEADERS.items() <= dict(response.headers).items()
    assert "unsafe" not in HEADERS["content-security-policy"]


@pytest.mark.anyio
async def test_a_ledger_that_cant_be_read_is_said_on_the_page(
    browser: httpx2.AsyncClient, access: DashboardAccess, settings: Settings, tmp_path: Path
) -> None:
    await browser.get(access.link(4321))
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    (settings.state_dir / "outcomes.db").mkdir()
    answer = await browser.get(f"{access.folder}/")
    assert answer.status_code == 500
    assert "can&#x27;t be used" in answer.text and "Traceback" not in answer.text


@pytest.mark.anyio
async def test_it_serves_until_it_is_stopped_and_examines_the_set_up_meanwhile(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Check("program", CheckState.OK, "0.1.0")]
    monkeypatch.setattr("mcp_smalltools.doctor.examine.examine", lambda settings, engine: found)
    write(settings, a_call("a"))
    links: list[str] = []
    async with anyio.create_task_group() as group, httpx2.AsyncClient(follow_redirects=True) as client:
        group.start_soon(lambda: serve_dashboard(settings, 0, links.append, signals=False))
        with anyio.fail_after(60):
            while not links:
                await anyio.sleep(0.01)
            text = ""
            opened = await client.get(links[0])
            assert opened.status_code == 200
            while "Set-up:" not in text:
                text = (await client.get(links[0].partition("open?")[0])).text
                await anyio.sleep(0.05)
        assert "kept about" in text and "1 check fine" in text
        group.cancel_scope.cancel()


def test_the_page_of_a_day_of_heavy_use_stays_small(settings: Settings) -> None:
    """10,000 calls and 2,000 hook events (`benchmarks/dashboard.py` measures how long it takes)."""
    write(settings, a_call("a"))
    ledger = open_ledger(settings)
    with ledger.transaction() as db:
        row = dict(db.execute("SELECT * FROM calls").fetchone())
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        for number in range(2, 12_001):
            more = {"call_id": f"r{number}", "seq": number, "at": NOON + number % 3600}
            more["tool"] = GUARD_ROWS if number % 6 == 0 else "parse_log"
            db.execute(f"INSERT INTO calls ({names}) VALUES ({marks})", row | more)
        db.execute("UPDATE chain SET last_seq = 12000")
    ledger.close()
    text = made(settings)
    assert "10,000 calls kept" in text
    assert len(text) < 100_000


# Money


def test_the_bill_is_the_ledgers_and_an_answer_that_was_wrong_is_not_in_it(settings: Settings) -> None:
    row, wrong = a_call("a", cost=CallCost(2.0, 1.0, 0.5)), a_call("b")
    write(settings, row)
    price = load_prices(settings).named(settings.price_model)
    alone = bill_of(read(settings), settings)
    ledger = open_ledger(settings)
    (total,) = ledger.totals("all")
    ledger.close()
    account = account_of(total, price, load_prices(settings).machine)
    assert alone is not None
    assert (alone.usd, alone.joules) == (pytest.approx(account.net_usd), pytest.approx(account.joules))
    assert alone.joules > 0
    write(settings, wrong)
    report(settings, wrong, "wrong")
    both = bill_of(read(settings), settings)
    assert both is not None and both.usd < alone.usd


def test_without_a_price_the_page_has_no_bill(settings: Settings) -> None:
    write(settings, a_call("a"))
    nameless = settings.model_copy(update={"price_model": "nobody's model"})
    assert bill_of(read(nameless), nameless) is None
