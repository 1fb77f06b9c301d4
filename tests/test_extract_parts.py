"""What `extract` is made of, without the reader: candidates, names, lists, and which value goes where."""

from __future__ import annotations

import pytest

from mcp_smalltools.tools.extract.assign import PAGE, REQUEST, are_siblings, choose
from mcp_smalltools.tools.extract.candidates import candidates
from mcp_smalltools.tools.extract.confidence import Assessment, take_out_unlikely
from mcp_smalltools.tools.extract.document import Document
from mcp_smalltools.tools.extract.fill import Filled
from mcp_smalltools.tools.extract.options import Option
from mcp_smalltools.tools.extract.schema import Field, plan_of
from mcp_smalltools.tools.extract.structure.key_values import NamedValue, fit, named_values
from mcp_smalltools.tools.extract.structure.list_entries import list_entries
from mcp_smalltools.tools.extract.value_forms import may_be


def field(name, kind="string", *, required=False, **schema):
    return Field((name,), kind, {"type": kind, **schema}, required)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("accelerates at 3.2 m/s^2 for 8 s", [3.2, 8]),
        ("at 10:20 on 2024-03-12, severity 1", [1]),
        ("invoice HP-2024-00871 over 45.00", [45.0]),
        ("between 10-20 of them", [10, 20]),
    ],
)
def test_parts_of_times_dates_codes_and_units_are_no_numbers(text, values):
    assert [c.value for c in candidates(text, field("severity", "number"))] == values


def test_a_year_is_found_inside_a_date_where_the_field_is_a_year():
    assert 2024 in [c.value for c in candidates("on 2024-03-12", field("year", "integer"))]


@pytest.mark.parametrize(
    ("text", "members", "meant"),
    [
        ("a 45 year old woman", ["male", "female"], {"female"}),
        ("when it falls under 50", ["above", "below"], {"below"}),
        ("remind me every day", ["once", "daily"], {"daily"}),
        ("over the next 10 years", ["yearly", "monthly"], set()),
        ("walk there on foot", ["walking", "driving"], {"walking"}),
    ],
)
def test_members_of_an_enum_are_known_by_everyday_words(text, members, meant):
    assert {c.value for c in candidates(text, field("kind", enum=members))} == meant


def test_a_phone_number_looks_like_one_and_no_word_or_date_does():
    text = "Paylane, Lyon, 2024-10-14, +33 6 55 01 22 87, order 12"
    assert [c.value for c in candidates(text, field("phone"))] == ["+33 6 55 01 22 87"]


def test_names_do_not_go_on_in_the_next_line():
    found = [c.value for c in candidates("Amara Diallo\nBackend engineer", field("name")) if c.kind == "name"]
    assert found == ["Amara Diallo", "Backend"]


def test_each_cell_of_a_line_names_the_next():
    (entry,) = [e for e in named_values(["Billed to        Invoice no.    HP-871"]) if e.value == "HP-871"]
    assert fit(entry, field("invoice_number")) > 0.9
    assert entry.line == 1


@pytest.mark.parametrize(
    ("key", "name", "sure"),
    [
        ("Qty", "quantity", True),
        ("Time (UTC)", "time", True),
        ("Invoice date", "invoice_date", True),
        ("Date", "departure_date", False),
        ("Name", "customer_name", False),
    ],
)
def test_short_forms_and_brackets_name_a_field_and_general_words_alone_do_not(key, name, sure):
    assert (fit(NamedValue((key,), "x", 1, ""), field(name)) >= 0.6) is sure


REPORT = """\
# Incident 7
- one
- two
- three
## Follow-up actions
- Ada: mend it
- Bo: test it
""".splitlines()


def test_the_list_under_the_heading_that_is_asked_for_is_taken():
    assert [row.text for row in list_entries(REPORT, "actions")] == ["Ada: mend it", "Bo: test it"]
    assert [row.text for row in list_entries(REPORT)] == ["one", "two", "three"]


def test_sections_with_numbers_are_entries_with_what_stands_in_them():
    lines = ["# Changes", "## 2.1 (2024-05-02)", "- by Ada", "", "## 2.0 (2024-01-09)", "- by Bo"]
    assert [(row.start, row.end) for row in list_entries(lines)] == [(2, 3), (5, 6)]
    assert list_entries(lines)[0].text.startswith("2.1 (2024-05-02)")


def option(text, value, score, kind="number"):
    start = text.index(str(value))
    return Option(value, start, start + len(str(value)), score, kind)


def test_the_only_number_that_is_left_goes_to_the_number_that_a_request_must_have():
    text = "7500 at 4 percent"
    fields = [field("p", "number", required=True), field("rate", "number", required=True)]
    options = [[option(text, 7500, -21.0)], [option(text, 4, 5.0), option(text, 7500, -20.0)]]
    chosen = choose(fields, options, text, REQUEST)
    assert [c.option.value for c in chosen] == [7500, 4]
    assert chosen[0].features["left_over"] == 1


def test_on_a_page_what_the_reader_does_not_see_is_missing():
    text = "7500 at 4 percent"
    (choice,) = choose([field("p", "number")], [[option(text, 7500, -2.0)]], text, PAGE)
    assert choice.option is None


def test_values_that_are_told_together_stand_in_the_order_of_the_fields():
    text = "semi-axes of 7 and 3"
    fields = [field("semi_major", "number", required=True), field("semi_minor", "number", required=True)]
    options = [
        [option(text, 3, 5.0), option(text, 7, 4.0)],
        [option(text, 7, 5.0), option(text, 3, 4.0)],
    ]
    assert [c.option.value for c in choose(fields, options, text, REQUEST)] == [7, 3]


def test_neighbouring_letters_are_like_fields_and_others_are_not():
    assert are_siblings(field("a", "number"), field("b", "number"))
    assert not are_siblings(field("n", "number"), field("k", "number"))


def test_a_file_or_a_long_text_is_a_page_and_a_line_of_the_callers_a_request():
    assert Document("", ["Book a table for 4"]).is_request
    assert not Document("a.txt", ["Book a table for 4"]).is_request
    assert not Document("", ["a", "b", "c", "d"]).is_request


def test_what_is_more_likely_wrong_than_right_on_a_page_is_taken_out_and_named():
    plan = plan_of(
        {
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}},
            "required": ["b"],
        }
        | {"type": "object"}
    )
    judged = Assessment(0.3, None, {"a": 0.2, "b": 0.1, "c": 0.9})
    data = {"a": "x", "b": "y", "c": "z"}
    take_out_unlikely(data, plan, {("b",)}, judged, Filled(), is_request=False)
    assert data == {"b": None, "c": "z"}
    assert judged.missing == ["a", "b"]
    assert judged.fields == {"c": 0.9}


@pytest.mark.parametrize(
    ("name", "no", "yes"),
    [
        ("npm_version", "npm", ["10.2.4", "v3", "latest", "main", "2.x"]),
        ("cve", "CVSS 3.1", ["CVE-2024-3094"]),
        ("cve_number", "9.8", ["cve-2021-44228"]),
        ("license", "penguin-pack", ["MIT", "Apache-2.0", "LGPL v3 or later", "BSD 3-Clause", "own licence"]),
        ("invoice_number", "Issued", ["2024-17", "INV 9"]),
        ("order_number", "open", ["A-113"]),
        ("release_date", "soonish", ["2024-05-06", "next Tuesday", "May", "in spring 1999", "令和六年"]),
        ("homepage", "the project", ["https://example.org", "example.org/x", "/about", "localhost:80"]),
        ("contact_email", "Ada", ["ada@example.org"]),
        ("phone", "the desk", ["+47 22 33 44 55", "555-0134-2"]),
        ("price", "cheap", ["12 EUR", "free", "€9"]),
    ],
)
def test_a_value_has_the_form_that_all_values_of_its_kind_have(name: str, no: str, yes: list[str]) -> None:
    item = Field((name,), "string", {"type": "string"}, False)
    assert not may_be(item, no)
    assert [value for value in yes if not may_be(item, value)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("browser", "Firefox"),
        ("debian_version", "bookworm"),
        ("os_version", "Jammy Jellyfish"),
        ("number", "seven"),
    ],
)
def test_where_values_have_many_forms_none_is_asked_for(name: str, value: str) -> None:
    assert may_be(Field((name,), "string", {"type": "string"}, False), value)


def test_a_member_of_an_enum_or_a_number_needs_no_form() -> None:
    assert may_be(Field(("license",), "string", {"enum": ["none"]}, False), "none")
    assert may_be(Field(("version",), "integer", {"type": "integer"}, False), 3)
