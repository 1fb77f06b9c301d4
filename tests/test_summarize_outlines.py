"""Outlines by lines, what grammars leave out, headings, settings, and purposes that files state."""

from __future__ import annotations

import time

import pytest

from mcp_smalltools.text.outlines.file_names import written_as
from mcp_smalltools.tools.summarize_file.digest import digest_of_text

NAMES_OF_LANGUAGES = {
    "a.kt": (
        "class Pot(val size: Int) {\n    fun boil() {\n        fun inner() {}\n    }\n}\n",
        ["Pot", "boil"],
    ),
    "a.swift": (
        "struct Pot {\n  func boil() {\n  }\n}\nextension Pot {\n  init() {}\n}\n",
        ["Pot", "boil", "Pot", "init"],
    ),
    "a.cs": (
        "namespace Tea\n{\n    public class Pot\n    {\n        public int Boil(int n)\n        {\n"
        "            return Boil(n);\n        }\n    }\n}\n",
        ["Tea", "Pot", "Boil"],
    ),
    "a.php": (
        "<?php\nclass Pot {\n    public function boil() {}\n}\nfunction pour() {}\n",
        ["Pot", "boil", "pour"],
    ),
    "a.r": ("`%of%` <- function(a, b) a\nboil = function(n) n\n", ["%of%", "boil"]),
    "a.scala": ("object Pot {\n  def boil(n: Int): Int = n\n}\n", ["Pot", "boil"]),
    "a.lua": ("local function boil(n)\nend\nfunction M.pour()\nend\n", ["boil", "M.pour"]),
    "a.ex": (
        "defmodule Pot do\n  def boil(0), do: 0\n  def boil(n) do\n    n\n  end\nend\n",
        ["Pot", "boil"],
    ),
    "a.hs": (
        "module Tea where\n\nboil :: Int -> Int\nboil 0 = 1\nboil n = n\npour cup = cup\ninfixl 5 +++\n",
        ["Tea", "boil", "pour"],
    ),
    "a.elm": (
        "module Tea exposing (main)\ntype Msg = Boil\n\nmain : Int\nmain =\n    3\nview model =\n    model\n",
        ["Tea", "Msg", "main", "view"],
    ),
    "a.purs": ("module Tea where\nnewtype Pot = Pot Int\nmain = pure unit\n", ["Tea", "Pot", "main"]),
    "a.idr": ("module Tea\ndata Pot = MkPot\nboil : Nat -> Nat\nboil Z = Z\n", ["Tea", "Pot", "boil"]),
    "a.lean": ("theorem pots (n : Nat) : n = n := rfl\nprivate def boil := 1\n", ["pots", "boil"]),
    "a.gleam": ("pub fn boil() {\n  1\n}\npub type Pot {\n  Pot\n}\n", ["boil", "Pot"]),
    "a.tcl": ("namespace eval tea {\n  proc boil {n} {\n  }\n}\n", ["tea", "boil"]),
    "a.adb": (
        "package body Tea is\n   procedure Boil is\n   begin\n      null;\n   end Boil;\nend Tea;\n",
        ["Tea", "Boil"],
    ),
    "a.cr": ("class Pot\n  def boiling?(n)\n    n\n  end\nend\n", ["Pot", "boiling?"]),
    "a.proto": (
        "message Pot {\n  int32 n = 1;\n}\nservice Tea {\n  rpc Boil(Pot) returns (Pot);\n}\n",
        ["Pot", "Tea", "Boil"],
    ),
    "a.graphql": ("type Pot {\n  n: Int\n}\ninput Cup {\n  n: Int\n}\n", ["Pot", "Cup"]),
    "a.tf": ('resource "tea_pot" "big" {\n  n = 1\n}\nvariable "cups" {\n}\n', ["tea_pot.big", "cups"]),
    "same-name.tf": (
        'resource "tea_pot" "a" {\n}\n\nresource "tea_cup" "a" {\n}\n',
        ["tea_pot.a", "tea_cup.a"],
    ),
    "unmodified.cs": (
        "class Pot\n{\n    int level;\n    void Boil(int n)\n    {\n        Pour(n);\n    }\n"
        "    int Pour(int n) => n;\n}\n",
        ["Pot", "Boil", "Pour"],
    ),
    "view.sql": (
        "CREATE OR REPLACE\n  ALGORITHM = MERGE\n  DEFINER = 'tea'@'localhost'\nVIEW cups (\n  n\n)"
        " AS SELECT 1;\n",
        ["cups"],
    ),
    "class.h": (
        "#pragma once\nclass Pot {\n public:\n  int level() const\n  {\n    return 1;\n  }\n};\n",
        ["Pot", "level"],
    ),
    "rules.mk": (
        "CC ?= gcc\n$(CC)_OLD := 1\nFLAGS = -a \\\n  B=1\nifdef CC\n"
        "  CC := clang\n  pot: cup\nendif\n\t$(CC) x=1\n",
        ["CC", "$(CC)_OLD", "FLAGS", "pot"],
    ),
    "bridge.rs": (
        'mod ffi {\n    extern "C" {\n        fn boil(n: i32) -> i32;\n    }\n}\n'
        "trait Pot {\n    fn pour(&self);\n}\n",
        ["ffi", "boil", "Pot", "pour"],
    ),
    "Pot.vue": (
        "<template>\n  <p>{{ n }}</p>\n  <template v-if='n'></template>\n</template>\n"
        "<script setup lang='ts'>\nfunction boil(n: number) {\n}\n</script>\n"
        "<style>p { color: red }</style>\n",
        ["template", "script", "boil", "style"],
    ),
    "cup.astro": (
        "---\nconst size = 3\nfunction pour() {}\n---\n<p>{size}</p>\n",
        ["script", "size", "pour"],
    ),
    "plugin.js": (
        "$.widget('tea', {\n  _boil: function () {},\n  pour: () => 1,\n  size: 3\n});\n"
        "$.get('/', { done: () => 1 });\n",
        ["_boil", "pour"],
    ),
    "a.sql": (
        "-- Tables.\n\nCREATE TABLE IF NOT EXISTS tea.pots (\n"
        "  n int\n);\nCREATE UNIQUE INDEX pots_n ON pots (n);\n"
        "/* CREATE TABLE old (n int); */\nCREATE OR REPLACE VIEW open_pots AS SELECT 1;\n",
        ["tea.pots", "pots_n", "open_pots"],
    ),
    "a.h": (
        "#ifndef POT_H\n#define POT_H\n#define POT_MAX 3\nPOT_API int pot_boil(struct pot *p,\n"
        "                     int n);\n"
        "typedef struct {\n  int n;\n} pot_t;\n#endif\n",
        ["POT_MAX", "pot_boil", "pot_t"],
    ),
    "a.ts": ("export const MAX = 3\nexport function boil() {\n  const inner = 1\n}\n", ["MAX", "boil"]),
    "a.md": ("# Tea\n\n````md\n```\n# no\n```\n# no\n````\n\n~~~\n# no\n~~~\n\n## Cups\n", ["Tea", "Cups"]),
    "a.adoc": ("= Tea\n\n----\n== no\n----\n\n== Cups\n", ["Tea", "Cups"]),
    "a.tex": ("\\title{Tea}\n\\section*{Cups}\n", ["Tea", "Cups"]),
    "tea.1": ('.TH TEA 1\n.SH NAME\ntea \\- boils water\n.SH "SEE ALSO"\n', ["NAME", "SEE ALSO"]),
    "CHANGES.txt": (
        "1.2.0 (2024-01-02)\n- a pot\n\n1.1.0 (2023-01-02)\n- a cup\n",
        ["1.2.0 (2024-01-02)", "1.1.0 (2023-01-02)"],
    ),
    "a.yaml": (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: tea\n"
        "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: cup\n",
        ["Service tea", "Secret cup"],
    ),
    "pom.xml": (
        "<?xml version='1.0'?>\n<project xmlns='urn:tea'>\n  <artifactId>pot</artifactId>\n  <dependencies>\n"
        "    <dependency>\n      <artifactId>cup</artifactId>\n    </dependency>\n    <dependency/>\n"
        "    <dependency/>\n  </dependencies>\n  <module name='big'/>\n</project>\n",
        ["pot", "pot", "dependencies", "cup", "dependency (x 2)", "big"],
    ),
    "late.xml": (
        "\ufeff\n<?xml version='1.0' encoding='ISO-8859-1'?>\n<a><b name='grün'/></a>\n",
        ["a", "grün"],
    ),
    "bomb.xml": (
        "<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]>\n<a><d name='e'>&c;</d></a>\n",
        [],
    ),
    "broken.xml": ("<a name='b'>\n<c name='d'/>\n<e name='f'>\n</a>\n", ["a", "d", "e"]),
    "Cargo.toml": (
        "[package]\nname = 'tea'\n[target.'cfg(target_os = \"linux\")'.dependencies]\na = '1'\n",
        ["package", "target.'cfg(target_os = \"linux\")'.dependencies"],
    ),
    "Dockerfile": ("FROM a AS build\nFROM b\n", ["build", "FROM b"]),
    "a.gd": (
        "class_name Kettle\nsignal boiled(cups)\nconst LITRES = 2\nfunc boil() -> void:\n\tvar a = 1\n",
        ["Kettle", "boiled", "LITRES", "boil"],
    ),
    "a.qml": (
        "Item {\n    id: kettle\n    property int litres: 2\n    Text { id: label }\n"
        "    function boil() {\n    }\n}\n",
        ["Item", "kettle", "litres", "Text", "boil"],
    ),
    "a.robot": (
        "*** Settings ***\nLibrary    Tea\n\n*** Test Cases ***\nWater Boils\n    Boil    2\n\n"
        "*** Keywords ***\nBoil\n    [Arguments]    ${n}\n",
        ["Settings", "Test Cases", "Water Boils", "Keywords", "Boil"],
    ),
    "a.feature": (
        "Feature: tea\n  Background:\n    Given water\n  Scenario: it boils\n    When hot\n",
        ["Feature.tea", "Background.", "Scenario.it boils"],
    ),
    "a.nix": (
        '{\n  description = "tea";\n  inputs.pot.url = "a";\n'
        "  outputs = { self }: {\n    cup = 1;\n  };\n}\n",
        ["description", "inputs.pot.url", "outputs", "cup"],
    ),
    "a.dts": (
        "/ {\n\tkettle: kettle@40 {\n\t\treg = <4>;\n\t};\n};\n&pot {\n};\n",
        ["/", "kettle@40", "&pot"],
    ),
    "a.ahk": (
        "Boil(n) {\n  if (n) {\n  }\n}\n^!b::Boil(2)\nclass Pot {\n  Pour() {\n  }\n}\n",
        ["Boil", "^!b", "Pot", "Pour"],
    ),
    "a.wgsl": (
        "struct Cup {\n  tea: f32,\n}\n@vertex\nfn pour(@builtin(x) n: u32) -> Cup {\n}\n",
        ["Cup", "pour"],
    ),
    "a.bat": ("@echo off\nrem :no\n:boil\ngoto :eof\n", ["boil"]),
    "a.asm": ("; tea\nboil:\n  mov ax, 1\n.loop:\n  jmp boil\n", ["boil"]),
    "a.pyx": (
        "cdef class Pot:\n    cpdef int boil(self, int n):\n        return n\n\ndef pour():\n    pass\n",
        ["Pot", "boil", "pour"],
    ),
    "a.diff": (
        "diff --git a/cup.c b/cup.c\n--- a/cup.c\n+++ b/cup.c\n@@ -1 +1 @@\n-a\n+b\n"
        "diff --git a/old.c b/old.c\n--- a/old.c\n+++ /dev/null\n",
        ["cup.c", "old.c"],
    ),
    "a.hcl": (
        'target "_common" {\n  a = 1\n}\ngroup "default" {\n}\nsource "iso" "tea" {\n}\n',
        ["target._common", "default", "iso"],
    ),
    "schema.rb": (
        'Schema.define(version: 1) do\n  create_table "cups", force: true do |t|\n    t.string "a"\n  end\n'
        "  [1].each do |n|\n  end\nend\n",
        ["Schema.define.version", "create_table.cups"],
    ),
    "tea.rake": (
        "namespace :tea do\n  task boil: :environment do\n    puts 1\n  end\nend\n",
        ["namespace.tea", "task.boil"],
    ),
    "Vagrantfile": (
        'CUPS = 3\nVagrant.configure("2") do |config|\n  config.vm.define "pot" do |pot|\n  end\nend\n',
        ["CUPS", "Vagrant.configure.2", "config.vm.define.pot"],
    ),
    "build.gradle.kts": (
        "plugins {\n}\nandroid {\n    buildTypes {\n    }\n}\n",
        ["plugins", "android", "buildTypes"],
    ),
    "tea.h": (
        "TEA_CLASS(hot)\nclass TEA_API Pot : public Cup {\n  TEA_BODY()\n public:\n  int boil();\n};\n"
        "struct TEA_EXPORT(1) Cup\n{\n  int n;\n};\nstruct TEA tea;\n",
        ["Pot", "boil", "Cup"],
    ),
    "play.yaml": (
        "- name: Make tea\n  hosts: all\n  tasks:\n    - name: boil\n      shell: boil\n    - name: 'pour'\n"
        "- hosts: cups\n",
        ["Make tea", "boil", "pour", "cups"],
    ),
    "hooks.yaml": (
        "repos:\n  - repo: https://a/b\n    rev: 1\n  - repo: local\nfail: true\n",
        ["repos", "https://a/b", "local", "fail"],
    ),
    "tea.sln": (
        'Project("{1}") = "Pot", "Pot.csproj", "{2}"\nEndProject\nGlobal\nEndGlobal\n',
        ["Pot"],
    ),
    "my.cnf.j2": ("[client]\nport = {{ port }}\n[mysqld]\nuser = tea\n", ["client", "mysqld"]),
    "nginx.conf.template": ("server {\n    listen 80;\n}\n", ["server"]),
    "cup.avsc": ('{\n  "type": "record",\n  "fields": []\n}\n', ["type", "fields"]),
    "cup.opinion": ("<?xml version='1.0'?>\n<cups><cup name='big'/></cups>\n", ["cups", "big"]),
    "scene.meta": (
        "guid: 1\nimporter:\n  size: 2\n  kinds:\n    - a\n    - b\nlabels:\n  tea: 3\n",
        ["guid", "importer", "size", "kinds", "labels", "tea"],
    ),
    "tea.spec": (
        "[app]\ntitle = Tea\npackage = tea\n[build]\nlevel = 2\nwarn = 1\n",
        ["app", "build"],
    ),
    "LICENSE": (
        "Tea Licence\n\n1. Cups. You may fill them.\n\n2. Pots and kettles. You may not.\n",
        ["1. Cups", "2. Pots and kettles"],
    ),
    "a.eml": (
        'Subject: cups\n broken\nContent-Type: multipart/mixed;\n\tboundary="x"\n\n'
        "--x\nContent-Type: text/plain\n\nHi.\n"
        "--x\nContent-Type: image/png; name=cup.png\n\nAAAA\n--x--\n",
        ["text/plain", "image/png cup.png"],
    ),
    "a.conf": ("# ====\n# Water\n# ====\n#litres 1\n", ["Water", "#litres"]),
}


@pytest.mark.parametrize("name", NAMES_OF_LANGUAGES)
def test_the_outline_has_what_a_file_defines_and_nothing_else(name: str) -> None:
    text, names = NAMES_OF_LANGUAGES[name]
    digest = digest_of_text(name, text)
    assert [heading.name or heading.text for heading in digest.headings] == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.js", "// Largest number of cups.\nconst MAX = 9;\n\nfunction f() {}\n\nfunction g() {}\n"),
        ("a.c", "/* Copyright 2020 A. All rights reserved. */\n\nint f(void) { return 1; }\n"),
        ("a.sql", "CREATE TABLE cups (n int);\n"),
        ("a.md", "# Pot\n\nThanks to all who helped.\n\n## Cups\n\nWash them.\n"),
        ("a.c", "/* -*- Mode: C; tab-width: 4 -*- */\n#include <a.h>\nint f(void);\nint g(void);\n"),
        ("a.go", "package a\n\n//go:generate mockgen -source=a.go -destination=b.go\n\nfunc f() {}\n"),
        ("a.swift", "import Foundation\n\n// MARK: - Quality of the tea\n\nclass A {}\nclass B {}\n"),
        ("a.py", "import a\n\n# choose some leaves to boil\n\nx = a.b()\n"),
        (
            "a.h",
            "#include <a.h>\n\n// ── Moves of the pot (all of them) ─────\n\nint f(void);\nint g(void);\n",
        ),
        ("a.m", "#import <a.h>\n/* Some old pots lack it. */\n#ifndef POT\n#define POT 1\n#endif\n"),
        (
            "a.sql",
            "-- Host:                 127.0.0.1\n-- Server version:      10.4\n\nCREATE TABLE a (n int);\n",
        ),
        ("a.pl", "#\n# Verfasser: Jan Tee\n#\nuse strict;\n"),
        ("a.yaml", "---\n# yamllint disable-line rule:truthy\non: push\n"),
        ("a.rb", "# File: spec/tea.rb\n# frozen_string_literal: true\n\nclass A\nend\n"),
        ("a.sh", '# Places of the tea TEA_POT="/srv/tea" TEA_CUP="$TEA_POT/cup"\n\nf() {\n:\n}\n'),
        ("a.py", "#usr/bin/python3 -u tea\n\nx = 1\n"),
        ("a.scala", "/** tea --pots localhost:9092 --cups my --n 1 */\nobject A\nobject B\n"),
        (
            "a.php",
            "<?php\n/*\n * This file is part of Tea.\n *\n * (c) Jan Tee\n *\n"
            " * For the licence see A,\n * that was distributed with it.\n */\nclass A {}\nclass B {}\n",
        ),
    ],
)
def test_what_says_nothing_of_the_file_is_no_purpose(name: str, text: str) -> None:
    assert digest_of_text(name, text).purpose is None


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.js", "// Copyright 2020 A\n// Boils water for tea.\n\nconst MAX = 9;\n", "Boils water for tea."),
        ("a.md", "# Pot\n\nPot is a library that boils water.\n", "Pot is a library that boils water."),
        ("tea.1", ".TH TEA 1\n.SH NAME\ntea \\- boils water\n", "boils water"),
        (
            "a.sh",
            "# Tea Maker - Setup\n# This script boils water\n# for tea.\n# Author: Jan\n\nf() { :; }\n",
            "This script boils water for tea.",
        ),
        ("a.ps1", "# Boils all the water\n# Run from: the kitchen\n\n$n = 1\n", "Boils all the water"),
        (
            "a.hpp",
            "// The kettle of C. Tee and D. Pot, e.g. for tea.\n\n",
            "The kettle of C. Tee and D. Pot, e.g. for tea.",
        ),
    ],
)
def test_a_purpose_is_what_the_file_says_of_itself(name: str, text: str, words: str) -> None:
    purpose = digest_of_text(name, text).purpose
    assert purpose is not None
    assert purpose.text == words


def test_minified_and_generated_files_are_called_so() -> None:
    for name in ("package-lock.json", "Gemfile.lock"):
        assert "generated" in digest_of_text(name, "{}\n").note
    assert not digest_of_text("Gemfile", "gem 'tea'\n").note
    assert "generated" in digest_of_text("Makefile", "# TEA generated file: DO NOT EDIT!\n\nall:\n").note
    assert "minified" in digest_of_text("a.js", "var a=1;function b(c){return c};" * 200).note
    assert (
        "generated" in digest_of_text("a.go", "// Code generated by tool. DO NOT EDIT.\n\npackage a\n").note
    )


def test_code_in_an_unknown_language_has_its_blocks_and_is_called_so() -> None:
    text = "cup tea {\n  fill {\n    if (full) {\n      stop;\n    }\n  }\n}\npot {\n  boil;\n  pour;\n}\n"
    digest = digest_of_text("a.brew", text)
    assert [heading.text for heading in digest.headings] == ["cup tea", "fill", "pot"]
    assert digest.unknown


@pytest.mark.parametrize(
    ("name", "says"),
    [("LICENSE", "Tea Licence"), ("a.eml", "cups broken")],
)
def test_a_licence_and_a_mail_say_what_they_are_by_their_title(name: str, says: str) -> None:
    purpose = digest_of_text(name, NAMES_OF_LANGUAGES[name][0]).purpose
    assert purpose is not None
    assert purpose.text == says


@pytest.mark.parametrize(
    ("path", "becomes"),
    [
        ("a/my.cnf.j2", "a/my.cnf"),
        (".env.example", ".env"),
        ("Dockerfile.in", "Dockerfile"),
        ("tea.in", "tea.in"),
    ],
)
def test_a_template_is_read_as_what_it_becomes(path: str, becomes: str) -> None:
    assert written_as(path) == becomes


def test_a_flat_map_is_counted() -> None:
    digest = digest_of_text("a.json", "{" + ",".join(f'"k{i}": "v"' for i in range(400)) + "}")
    assert digest.rows == 400
    assert len(digest.headings) + digest.dropped["keys"] == 400


@pytest.mark.parametrize(
    "suffix",
    [
        *("kt", "cs", "swift", "php", "lua", "pl", "sql", "h", "ts", "tf", "yaml", "conf", "md", "rst", "hs"),
        *("gd", "qml", "robot", "feature", "nix", "dts", "ahk", "glsl", "asm", "rego", "pyx", "jsonnet"),
        *("diff", "rb", "m", "coffee", "eml", "nsi", "unknown"),
    ],
)
@pytest.mark.parametrize(
    "unit",
    [
        "public ",
        "a.",
        "(",
        "[",
        "/*",
        '"',
        "<",
        "`",
        "# ",
        "*",
        "create ",
        "x\n",
        "=",
        "a ",
        "__attribute__((",
        "{\n",
    ],
)
def test_no_line_takes_long(suffix: str, unit: str) -> None:
    started = time.process_time()
    digest_of_text(f"a.{suffix}", unit * (60_000 // len(unit)))
    assert time.process_time() - started < 3
