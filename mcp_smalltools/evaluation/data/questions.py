"""Questions with known answers, made by code from real files.

They ask where a function is defined and what it does, what a setting or constant is, what a row says, when
something happened, what a section is about. A question is in other words than the file: synonyms, identifiers
split, words left out, other frames. The lines that answer are known, since the fact was taken from them.
"""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_smalltools.text.outline import language_of, outline
from mcp_smalltools.text.words import spaced_name

MOST_OF_A_KIND: Final = 6
"""Questions of one kind to one file, at most."""
_SUFFIXES: Final = frozenset(
    (
        "",
        *".py .js .ts .go .rs .java .c .h .rb .sh .md .rst .txt".split(),
        *".toml .cfg .ini .conf .yaml .yml .json .csv .log .service .cnf".split(),
    )
)
_LOG_LINE = re.compile(
    r"^\W?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*|[A-Z][a-z]{2}\s+\d+ \d\d:\d\d:\d\d)\s+(.*)$"
)
_CONSTANT = re.compile(r"^([A-Z][A-Z0-9_]{4,})\s*(?::\s*\w+\s*)?=\s*([-\w.\"'<> ]{1,40}?)\s*(?:#.*)?$")
_SETTING = re.compile(r"^\s*([A-Za-z][\w.-]{3,})\s*[:=]\s*([^#\s{}\[\]|>][^#{}\[\]]{0,60}?)\s*$")
_RAISE = re.compile(r"^\s+raise (\w+)\(\s*f?[\"']([A-Za-z][^\"'{}%]{18,90})[\"']")
_FACT = re.compile(r"^([A-Z][\w ,'-]{12,110}?) (\d[\d,.]*)( [a-z][\w ,'-]{8,80})\.$")
_COPYRIGHT = re.compile(r"[Cc]opyright\s+(?:\([cC]\)|©)?\s*(\d{4})[-\d, ]*\s+(?:by )?([A-Z][\w .,&'-]{3,60})")

SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    key: tuple(values.split("|"))
    for key, values in (
        pair.split("=")
        for pair in (
            "return=give back|yield,returns=gives back|yields,remove=delete|drop,delete=remove|drop,create=make|"
            "build,creates=makes|builds,file=document,files=documents,directory=folder,directories=folders,"
            "convert=turn|transform,converts=turns|transforms,check=test|verify,checks=tests|verifies,"
            "find=locate|search for,finds=locates,get=fetch|obtain,gets=fetches|obtains,set=assign,sets=assigns,"
            "read=load,reads=loads,write=store|save,writes=stores|saves,start=begin|launch,starts=begins,"
            "stop=end|halt,raise=throw,raises=throws,error=failure|problem,errors=failures,list=sequence,"
            "string=text,number=count,maximum=largest|highest,minimum=smallest|lowest,given=supplied|passed,"
            "argument=parameter,arguments=parameters,send=transmit,sends=transmits,receive=get,object=instance,"
            "add=append|insert,adds=appends|inserts,parse=interpret,parses=interprets,compute=calculate,"
            "computes=calculates,change=modify|alter,changes=modifies,open=access,close=shut,"
            "execute=run,executes=runs,run=execute,runs=executes,wait=pause,show=display,print=output,"
            "connection=link,message=notice,size=length,empty=blank,copy=duplicate,copies=duplicates,merge=combine,"
            "split=divide,splits=divides,sort=order,replace=substitute,replaces=substitutes,default=standard,"
            "ensure=make sure,allow=permit,allows=permits,whether=if,specified=stated|given,"
            "timeout=time limit,user=account,password=passphrase,port=port number,host=machine,address=location,"
            "log=record,level=degree,encode=encrypt|represent,decode=unpack,contains=holds|includes,"
            "contain=hold,identical=equal|same,helper=utility,fetch=get|retrieve,retrieve=get|fetch,"
            "update=refresh|change,updates=refreshes,call=invoke,calls=invokes,called=invoked,"
            "element=item,elements=items,item=element,items=elements,current=present,generate=produce|make,"
            "generates=produces|makes,join=combine,match=fit,matches=fits,valid=legal|correct,invalid=illegal|wrong"
        ).split(",")
    )
}  # fmt: skip
_SMALL: Final = frozenset(
    "a an the of to in for and or is are be with from by on at as that this it its".split()
)


@dataclass(frozen=True, slots=True)
class EvalQuestion:
    """A question to one or several files; lines `start` to `end` of `path` answer, 0 if no line does."""

    paths: tuple[Path, ...]
    path: Path
    text: str
    kind: str
    start: int
    end: int
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """What some lines say, and the question for it."""

    kind: str
    text: str
    start: int
    end: int
    answer: str = ""


def questions(folder: Path, count: int, seed: int, without: float = 0.1) -> list[EvalQuestion]:
    """`count` questions with an answer and a share of `without` more that have none; the same for a seed."""
    rng = random.Random(seed)
    by_kind: dict[str, list[tuple[Path, Fact]]] = {}
    files = _files(folder, rng)
    for path in files:
        for fact in _facts(path, rng):
            by_kind.setdefault(fact.kind, []).append((path, fact))
    asked: list[EvalQuestion] = []
    for kind in sorted(by_kind):
        rng.shuffle(by_kind[kind])
    turn = 0
    while len(asked) < count and any(by_kind.values()):
        kind = sorted(by_kind)[turn % len(by_kind)]
        turn += 1
        if by_kind[kind]:
            path, fact = by_kind[kind].pop()
            asked.append(
                EvalQuestion(
                    _asked_with(path, files, rng), path, fact.text, kind, fact.start, fact.end, fact.answer
                )
            )
    answered = list(asked)
    for number in range(round(len(answered) * without)):
        question = rng.choice(answered)
        other = _unrelated(question, files, rng)
        if other is not None:
            asked.append(EvalQuestion((other,), other, question.text, f"none {number}", 0, 0))
    return asked


def _files(folder: Path, rng: random.Random, most: int = 400) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not path.is_symlink():
            size = path.stat().st_size
            if 2_000 <= size <= 300_000 and not any(
                part.startswith(".") or part == "test" for part in path.parts[len(folder.parts) :]
            ):
                found.append(path)
    by_suffix: dict[str, list[Path]] = {}
    for path in found:
        by_suffix.setdefault(path.suffix.lower(), []).append(path)
    chosen: list[Path] = []
    for suffix in sorted(by_suffix):
        rng.shuffle(by_suffix[suffix])
        chosen += by_suffix[suffix][: max(12, most // len(by_suffix))]
    return sorted(chosen)


def _asked_with(path: Path, files: Sequence[Path], rng: random.Random) -> tuple[Path, ...]:
    """The files that a question is put to: mostly one, in one case of six three."""
    if rng.random() > 1 / 6 or len(files) < 4:
        return (path,)
    others = [p for p in rng.sample(list(files), 4) if p != path][:2]
    paths = [path, *others]
    rng.shuffle(paths)
    return tuple(paths)


def _unrelated(question: EvalQuestion, files: Sequence[Path], rng: random.Random) -> Path | None:
    """A file of the same kind that has less than half of the question's rarer words."""
    words = {w for w in re.findall(r"[a-z]{4,}", question.text.lower()) if w not in _COMMON}
    same = [
        p for p in files if p.suffix == question.path.suffix and p.parent != question.path.parent
    ] or list(files)
    for path in rng.sample(same, min(12, len(same))):
        text = path.read_text(encoding="utf-8", errors="replace").lower()
        if path != question.path and sum(word in text for word in words) * 2 < len(words):
            return path
    return None


_COMMON: Final = frozenset(
    "which what function method class does value where when section file many that with from".split()
)


def _facts(path: Path, rng: random.Random) -> Iterator[Fact]:
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return
    lines = text.split("\n")
    sources: list[Callable[[], Iterator[Fact]]] = [
        lambda: _of_code(path, text, lines, rng),
        lambda: _of_constants(lines, rng),
        lambda: _of_settings(path, lines, rng),
        lambda: _of_raises(lines, rng),
        lambda: _of_numbers(lines, rng),
        lambda: _of_headings(path, lines, rng),
        lambda: _of_logs(lines, rng),
        lambda: _of_rows(path, lines, rng),
        lambda: _of_copyright(lines),
    ]
    for source in sources:
        found = list(source())
        yield from rng.sample(found, min(MOST_OF_A_KIND, len(found)))


def rephrase(text: str, rng: random.Random, *, drop: float = 0.12) -> str:
    """The text in other words: synonyms for most words that have one, some words left out."""
    out = []
    words = re.findall(r"[\w'-]+", text)
    for word in words:
        low = word.lower()
        if low in SYNONYMS and rng.random() < 0.7:
            out.append(rng.choice(SYNONYMS[low]))
        elif low in _SMALL or rng.random() > drop or len(words) < 5:
            out.append(low if word[1:].islower() else word)
    return " ".join(out)


def _of_code(path: Path, text: str, lines: Sequence[str], rng: random.Random) -> Iterator[Fact]:
    language = language_of(str(path), lines[0] if lines else "")
    if language is None:
        return
    symbols = outline(text, language).symbols
    docs = Counter(symbol.doc for symbol in symbols)
    names = Counter(symbol.name for symbol in symbols)
    for symbol in symbols:
        words = symbol.doc.split()
        if not 5 <= len(words) <= 30 or docs[symbol.doc] > 1 or names[symbol.name] > 1:
            continue
        first = next((n for n in range(symbol.first, symbol.first + 12) if n <= len(lines) and re.search(rf"\b{re.escape(symbol.name)}\b", lines[n - 1])), symbol.first)  # fmt: skip
        what = {"class": "class", "struct": "struct"}.get(symbol.kind, "function")
        if rng.random() < 0.5:
            doing = rephrase(symbol.doc.split(". ")[0].rstrip("."), rng)
            frame = rng.choice(("Which {} is there to {}?", "Which {} can {}?", "What is the name of the {} for this: {}?", "Where is the {} that is meant to {}?"))  # fmt: skip
            yield Fact(
                "definition", frame.format(what, doing), first, max(first, symbol.doc_end), symbol.name
            )
        else:
            frame = rng.choice(("What does {} do?", "What is {} for?", "What is the purpose of {}?"))
            name = rng.choice((symbol.name, f"`{symbol.name}`", f"the {what} {symbol.name}"))
            yield Fact("purpose", frame.format(name), symbol.doc_line, symbol.doc_end, symbol.doc)


def _of_constants(lines: Sequence[str], rng: random.Random) -> Iterator[Fact]:
    found = [(n, m) for n, line in enumerate(lines, 1) if (m := _CONSTANT.match(line))]
    names = Counter(match[1] for _, match in found)
    for number, match in found:
        words = spaced_name(match[1])
        if names[match[1]] == 1 and len(words.split()) > 1:
            frame = rng.choice(
                ("What is the {} set to?", "What value does the {} have?", "How is {} defined?")
            )
            asked = rng.choice((rephrase(words, rng, drop=0), match[1]))
            yield Fact("constant", frame.format(asked), number, number, match[2])


def _of_settings(path: Path, lines: Sequence[str], rng: random.Random) -> Iterator[Fact]:
    if path.suffix.lower() not in (".toml", ".cfg", ".ini", ".conf", ".yaml", ".yml", ".service", ".cnf"):
        return
    found = [(n, m) for n, line in enumerate(lines, 1) if (m := _SETTING.match(line))]
    names = Counter(match[1] for _, match in found)
    for number, match in found:
        if names[match[1]] == 1:
            words = rephrase(spaced_name(match[1]), rng, drop=0)
            frame = rng.choice(
                ("What is {} set to?", "Which value is configured for {}?", "What is the setting of {}?")
            )
            yield Fact(
                "setting",
                frame.format(rng.choice((words, match[1]))),
                number,
                number,
                match[2].strip("\"' ,"),
            )


def _of_raises(lines: Sequence[str], rng: random.Random) -> Iterator[Fact]:
    found = [(n, m) for n, line in enumerate(lines, 1) if (m := _RAISE.match(line))]
    texts = Counter(match[2] for _, match in found)
    for number, match in found:
        if texts[match[2]] == 1:
            frame = rng.choice(
                ("Which exception is raised with the complaint that {}?", "What is thrown to say: {}?")
            )
            yield Fact("raise", frame.format(rephrase(match[2], rng)), number, number, match[1])


def _of_numbers(lines: Sequence[str], rng: random.Random) -> Iterator[Fact]:
    """A sentence that is a whole line and has one number, asked for by the words around it."""
    for number, line in enumerate(lines, 1):
        match = _FACT.match(line.strip())
        alone = number < 2 or not lines[number - 2].strip() or lines[number - 2].strip().endswith((".", ":"))
        if match and alone and not re.search(r"\d", match[1] + match[3]):
            words = rephrase(f"{match[1]} … {match[3]}", rng)
            frame = rng.choice(("What number is given here: {}?", "How many or how much is it: {}?"))
            yield Fact("number", frame.format(words), number, number, match[2])


def _of_headings(path: Path, lines: Sequence[str], rng: random.Random) -> Iterator[Fact]:
    if path.suffix.lower() not in (".md", ".rst", ".txt"):
        return
    titles = []
    for number, line in enumerate(lines, 1):
        below = lines[number].strip() if number < len(lines) else ""
        if match := re.match(r"#{1,6}\s+(\w.*?)\s*#*$", line):
            titles.append((number, number, match[1]))
        elif (
            re.match(r"\w", line)
            and re.fullmatch(r"([=\-~^])\1{3,}", below)
            and abs(len(below) - len(line.strip())) < 3
        ):
            titles.append((number, number + 1, line.strip()))
    names = Counter(title for _, _, title in titles)
    for number, last, title in titles:
        at = last
        while at < len(lines) and not lines[at].strip():
            at += 1
        end = at
        while end < len(lines) and lines[end].strip() and end - at < 10:
            end += 1
        if names[title] == 1 and len(title.split()) > 1 and end > at and re.match(r"[A-Z]", lines[at]):
            frame = rng.choice(
                ("What does the section about {} say first?", "How does the chapter on {} begin?")
            )
            yield Fact("section", frame.format(rephrase(title, rng, drop=0)), number, end, title)


def _of_logs(lines: Sequence[str], rng: random.Random) -> Iterator[Fact]:
    found = [(n, m) for n, line in enumerate(lines, 1) if (m := _LOG_LINE.match(line))]
    if len(found) < len(lines) // 2:
        return
    texts = Counter(match[2] for _, match in found)
    for number, match in rng.sample(found, min(40, len(found))):
        words = re.findall(r"[A-Za-z]{3,}", match[2])
        if texts[match[2]] == 1 and 4 <= len(words) <= 30:
            frame = rng.choice(("When did this happen: {}?", "At what time was it logged that {}?"))
            yield Fact("log", frame.format(rephrase(match[2], rng, drop=0.05)), number, number, match[1])


def _of_rows(path: Path, lines: Sequence[str], rng: random.Random) -> Iterator[Fact]:
    if path.suffix.lower() not in (".csv", ".tsv"):
        return
    rows = list(csv.reader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
    if len(rows) != len(lines) - (not lines[-1]) or len(rows) < 4 or len(rows[0]) < 2:
        return
    names, keys = rows[0], Counter(row[0] for row in rows[1:] if row)
    for number, row in rng.sample(list(enumerate(rows[1:], 2)), min(20, len(rows) - 1)):
        column = rng.randrange(1, len(names))
        if len(row) == len(names) and keys[row[0]] == 1 and re.search("[A-Za-z]", row[0]) and row[column]:
            words = rephrase(spaced_name(names[column]), rng, drop=0)
            frame = rng.choice(("What is the {} of {}?", "Which {} does {} have?"))
            yield Fact("row", frame.format(words, row[0]), number, number, row[column])


def _of_copyright(lines: Sequence[str]) -> Iterator[Fact]:
    found = [(n, m) for n, line in enumerate(lines, 1) if (m := _COPYRIGHT.search(line))]
    if len(found) == 1:
        number, match = found[0]
        yield Fact("holder", "Who holds the copyright?", number, number, match[2].strip(" .,"))
