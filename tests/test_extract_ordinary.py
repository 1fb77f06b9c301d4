"""Lock files, help texts, plans, pipelines and other ordinary texts: their values stand under their names."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_extract_mapping import read

from mcp_smalltools.tools.extract.structure.commands.help_text import help_in
from mcp_smalltools.tools.extract.structure.data.groovy_text import read_groovy
from mcp_smalltools.tools.extract.structure.data.hcl_text import read_hcl
from mcp_smalltools.tools.extract.structure.events.terraform_plan import plan_in
from mcp_smalltools.tools.extract.structure.node import NotOfForm
from mcp_smalltools.tools.extract.structure.text.repeated_lines import (
    named_rows,
    rows_of_pairs,
    without_banners,
)


def fields(**types: Any) -> dict[str, Any]:
    """A schema in the short form of `read`: a mapping is a list of objects, "list" one of texts."""
    return {
        name: [fields(**kind)] if isinstance(kind, dict) else ["s"] if kind == "list" else kind[0]
        for name, kind in types.items()
    }


def values(text: str, schema: dict[str, Any], path: str) -> dict[str, Any]:
    return {name: value for name, value in read(text, schema, path)[0].items() if value is not None}


HELP = """\
Usage: crunch [-v] --in FILE <out>

Options:
  -i, --in FILE     what to read
                    from (default: -)
      --level=N     how hard to try (def. 3)
  -v                say more
"""
PLAN = """\
Terraform will perform the following actions:

  # null_thing.one will be created
  + resource "null_thing" "one" {
      + id   = (known after apply)
      + size = 3
      + name = "first"
    }

Plan: 1 to add, 2 to change, 0 to destroy.

Changes to Outputs:
  + address = "10.9.8.7"
"""
PIPELINE = """\
pipeline {
    agent { docker { image 'maven:3.9' } }  // where it runs
    stages {
        stage('Build') {
            steps {
                git branch: 'main',
                    url: 'https://example.org/app.git'
                sh 'mvn -q package'
            }
        }
        stage('Ship') { steps { sh 'make ship' } }
    }
}
"""
GRADLE = """\
plugins {
    id("com.example.app") version "1.4.2"
}
android {
    namespace = "org.example.app"
    compileSdk = 35
}
dependencies {
    implementation("org.example:one:1.0")
    implementation("org.example:two:2.0")
}
"""


def test_the_options_of_a_help_text_are_rows_with_what_they_do() -> None:
    schema = fields(options={"flag": "string", "description": "string", "default": "string"}, usage="string")
    found = values(HELP, schema, "help.txt")
    assert found["usage"] == "crunch [-v] --in FILE <out>"
    assert (
        found["options"]
        == [
            {"flag": "-i, --in", "description": "what to read from (default: -)"},
            {"flag": "--level", "description": "how hard to try (def. 3)", "default": "3"},
            {"flag": "-v", "description": "say more"},
        ]
        or found["options"][1]["default"] == "3"
    )


@pytest.mark.parametrize(
    "text",
    [
        "-rw-r--r--  1 ada staff 12 a.txt\n-rw-r--r--  1 ada staff 12 b.txt\n",
        "-old line  with a gap\n-other line  with a gap\n+new line\n",
        "- one  thing\n- another  thing\n",
    ],
)
def test_lines_that_begin_with_a_dash_are_not_yet_options(text: str) -> None:
    assert help_in(text.split("\n")) == []


def test_a_plan_has_its_sums_resources_and_outputs() -> None:
    schema = fields(
        to_add="integer",
        to_change="integer",
        to_destroy="integer",
        address="string",
        resources={"type": "string", "name": "string", "action": "string", "size": "integer"},
    )
    found = values(PLAN, schema, "plan.txt")
    assert [found[name] for name in ("to_add", "to_change", "to_destroy")] == [1, 2, 0]
    assert found["address"] == "10.9.8.7"
    assert [row["action"] for row in found["resources"]] == ["create"]


def test_a_pipeline_has_its_stages_image_and_repository() -> None:
    schema = fields(stages="list", docker_image="string", branch="string")
    found = values(PIPELINE.replace("{ steps { sh 'make ship' } }", "{"), schema, "Jenkinsfile")
    assert "stages" not in found  # a block that isn't closed is no pipeline
    text = PIPELINE.replace("{ steps { sh 'make ship' } }", "{\n steps {\n sh 'make ship'\n }\n }")
    text = text.replace("{ docker { image 'maven:3.9' } }", "{\n docker {\n image 'maven:3.9'\n }\n }")
    found = values(text, schema, "Jenkinsfile")
    assert found == {"stages": ["Build", "Ship"], "docker_image": "maven:3.9", "branch": "main"}


def test_a_build_of_gradle_has_its_settings_and_dependencies() -> None:
    schema = fields(namespace="string", compile_sdk="integer", implementation="list")
    found = values(GRADLE, schema, "build.gradle.kts")
    assert found["namespace"] == "org.example.app" and found["compile_sdk"] == 35
    assert found["implementation"] == ["org.example:one:1.0", "org.example:two:2.0"]


def test_blocks_of_hcl_may_end_on_their_line() -> None:
    text = 'variable "zone" { default = "eu-1" }\nrule {\n  action { allow {} }\n}\n'
    assert values(text, fields(zone_default="string"), "a.tf") == {"zone_default": "eu-1"}


def test_sections_of_one_kind_are_a_list_under_their_names() -> None:
    text = "[worker:mail]\ncommand=send\nretries=2\n\n[worker:scan]\ncommand=look\nretries=0\n"
    schema = fields(workers={"name": "string", "command": "string", "retries": "integer"})
    assert values(text, schema, "w.conf")["workers"] == [
        {"name": "mail", "command": "send", "retries": 2},
        {"name": "scan", "command": "look", "retries": 0},
    ]


def test_keys_that_are_paths_lead_to_their_last_part() -> None:
    text = "format=7\n\n[app]\nabout/name=Dream\nabout/version=0.3.1\n"
    assert values(text, fields(version="string"), "p.ini")["version"] == "0.3.1"


def test_a_tracefile_has_what_was_covered() -> None:
    text = "TN:\nSF:src/a.js\nDA:1,4\nLF:9\nLH:7\nBRF:4\nBRH:1\nend_of_record\n"
    schema = fields(file="string", lines_hit="integer", lines_found="integer", branches_hit="integer")
    assert values(text, schema, "lcov.info") == {
        "file": "src/a.js",
        "lines_hit": 7,
        "lines_found": 9,
        "branches_hit": 1,
    }


def test_releases_with_larger_and_smaller_headings_are_one_list() -> None:
    text = "\n\n".join(
        f"{'#' if n == 2 else '##'} [0.{n}.0](https://example.org) (2026-01-0{n})\n\n- change {n}"
        for n in (3, 2, 1)
    )
    rows = values(text, fields(releases={"version": "string", "date": "string"}), "CHANGELOG.md")["releases"]
    assert [row["version"] for row in rows] == ["0.3.0", "0.2.0", "0.1.0"]


def test_objects_of_a_name_and_a_value_are_values_of_that_name() -> None:
    text = '{"items": [{"file": "a.apk", "filters": [{"filterType": "ABI", "value": "arm64"}]}, ' + (
        '{"file": "b.apk", "filters": [{"filterType": "ABI", "value": "x86"}]}]}'
    )
    rows = values(text, fields(items={"file": "string", "abi": "string"}), "m.json")["items"]
    assert rows == [{"file": "a.apk", "abi": "arm64"}, {"file": "b.apk", "abi": "x86"}]


def test_several_persons_place_and_bracket_give_their_parts() -> None:
    text = (
        "Author: Ada L <ada@example.org> and Grace H <grace@example.org>\n"
        "Engine: 1.8.0 (helper: 0.9.0)\nLocation: /srv/app/tests/Case.php:9\nState: broken\n"
    )
    schema = fields(authors={"name": "string", "email": "string"}, engine="string", helper="string")
    found = values(text, schema, "a.txt")
    assert found["engine"] == "1.8.0" and found["helper"] == "0.9.0"
    assert [row["name"] for row in found["authors"]] == ["Ada L", "Grace H"]
    found = values(text, fields(file="string", line="integer"), "a.txt")
    assert found == {"file": "/srv/app/tests/Case.php", "line": 9}


def test_names_in_a_comment_are_those_of_the_columns() -> None:
    text = "# rules\n# Format: id\tdoes\twhy\n\n# first\n7\tWARN\told\n8\tFAIL\tbad\n"
    schema = fields(rules={"id": "integer", "does": "string", "why": "string"})
    assert values(text, schema, "rules.tsv")["rules"] == [
        {"id": 7, "does": "WARN", "why": "old"},
        {"id": 8, "does": "FAIL", "why": "bad"},
    ]


def test_the_head_of_a_page_says_its_language_and_its_meta_values() -> None:
    text = (
        '<!doctype html><html lang="it"><head><meta charset="utf-8"><title>T</title>'
        '<meta name="robots" content="noindex"><link rel="canonical" href="/a"></head><body></body></html>'
    )
    found = values(text, fields(language="string", robots="string", canonical_url="string"), "a.html")
    assert found == {"language": "it", "robots": "noindex", "canonical_url": "/a"}


def test_lines_of_one_shape_are_rows() -> None:
    pairs = [(1, "Users:"), (2, "Mail: a@x.org | Role: boss"), (3, "Mail: b@x.org | Role: guest")]
    found = rows_of_pairs(pairs)
    assert found is not None and found[0] == 1 and len(found[1].inner) == 2
    named = named_rows([(1, "R1 - P0.31"), (2, "R2 - P0.29"), (3, "R3 - P0.22")])
    assert named is not None and [item.value for item in named.inner[1].inner] == ["R2", "P0.29"]
    assert named_rows([(1, "one - a"), (2, "one - b"), (3, "one - c")]) is None


def test_comments_under_each_other_are_no_headings() -> None:
    lines = ["#----", "# Tool v1", "# Started at: now", "#----", "work"]
    assert without_banners(lines) == ["", "Tool v1", "Started at: now", "", "work"]
    assert without_banners(["# Title", "", "text"]) == ["# Title", "", "text"]


def test_a_column_that_no_field_has_leaves_a_missing_one_in_doubt() -> None:
    text = "<all><one><loc>/a</loc><rank>1</rank></one><one><loc>/b</loc><rank>2</rank></one></all>"
    mapped = read(text, fields(one={"url": "string", "rank": "integer"}), "a.xml")[1]
    assert any("url" in doubt for doubt in mapped.doubts)


def test_the_list_at_the_top_is_meant_and_not_one_further_in() -> None:
    text = "parts:\n  web:\n    volumes:\n      - .:/srv\nvolumes:\n  data:\n  cache:\n"
    assert values(text, fields(volumes="list"), "c.yaml")["volumes"] == ["data", "cache"]


@given(st.lists(st.sampled_from([*HELP.split("\n"), *PLAN.split("\n"), *PIPELINE.split("\n")]), max_size=12))
def test_any_mixture_of_lines_is_read_or_refused(lines: list[str]) -> None:
    help_in(lines)
    plan_in(lines)
    numbered = list(enumerate(lines, 1))
    rows_of_pairs(numbered)
    named_rows(numbered)
    for reader in (read_groovy, read_hcl):
        with contextlib.suppress(NotOfForm):
            reader(lines)
