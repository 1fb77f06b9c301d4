"""Short forms in names of code, and the words that they stand for: `buf` is buffer, `maxlen` maximum length.

A name says in a few letters what a question says in words, so what compares the two looks here. Short forms
that every dictionary of programmers has are listed; others are known by their letters.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Container
from typing import Final

_LISTED: Final = """
    abs absolute; acc account accumulator; accel acceleration; acct account;
    ack acknowledge acknowledgement; addr address; admin administrator; alloc allocation allocate;
    allocs allocations; alt alternative; amt amount; app application; apps applications;
    arch architecture; arg argument; args arguments; arr array; async asynchronous; attr attribute;
    attrs attributes; auth authentication authorization; authn authentication; authz authorization;
    auto automatic; avail available; avg average; bak backup; bg background; bool boolean; btn button;
    buf buffer; bufs buffers; bw bandwidth; calc calculation calculate; calib calibration; cb callback;
    cert certificate; certs certificates; cfg configuration config; chan channel; char character;
    chars characters; chk check; cls class; cmd command; cmds commands; cmp compare comparison;
    cnfg configuration config; cnt count; col column; cols columns; comm communication;
    concat concatenate; cond condition; conf configuration config confidence; config configuration;
    configs configurations; conn connection; conns connections; const constant; coord coordinate;
    coords coordinates; cpu processor; cred credentials; creds credentials; ctl control; ctrl control;
    ctx context; cur current; curr current; db database; dbg debug; dec decode decimal;
    decl declaration; defs definitions; del delete; dep dependency; deps dependencies;
    desc description descriptor; descr description; dest destination; dev device development;
    diff difference; dim dimension; dims dimensions; dir directory folder; dirs directories folders;
    dist distribution distance; div division; doc document documentation; docs documents documentation;
    dst destination; dur duration; elem element; elems elements; enc encoding encryption;
    env environment; envs environments; err error; errno error; errs errors; esc escape; est estimate;
    evt event; evts events; exc exception; exe executable; exec execute execution;
    exp expiry expiration; expr expression; ext extension external; fd descriptor file; fmt format;
    fn function; fns functions; freq frequency; fs filesystem; func function; funcs functions;
    fut future; fwd forward; gen generate generation; gid group; glob global; grp group; hdr header;
    hdrs headers; hist history; hl highlight; hw hardware; idx index; img image; imgs images;
    imp import; impl implementation; inc increment include; incr increment; info information;
    init initial initialize; ins insert; int integer; intf interface; intr interrupt; inv invalid;
    io input output; iter iteration iterator; iters iterations; itf interface; kbd keyboard;
    kv key value; lang language; langs languages; lat latency latitude; lbl label; len length;
    lev level; lib library; libs libraries; lim limit; lims limits; ln line link; loc location;
    lon longitude; lvl level; max maximum most highest largest longest; mem memory; mgmt management;
    mgr manager; mgrs managers; min minimum least lowest smallest shortest; misc miscellaneous;
    mod module modulo; ms milliseconds; msec milliseconds; msg message; msgs messages;
    mtime modification; mul multiply; mult multiply; mut mutable; nav navigation; neg negative;
    net network; norm normal; ns namespace; num number; nums numbers; obj object; objs objects;
    op operation operator; ops operations; opt option optional; opts options; ord order;
    org organization; orig original; out output; param parameter; params parameters; parens parentheses;
    pct percent; perf performance; perm permission permanent; perms permissions; pid process;
    pkg package; pkgs packages; pkt packet; pkts packets; pos position; pred prediction predicate;
    pref preference; prefs preferences; prev previous; priv private; prob probability; proc process;
    procs processes; prod production product; prog program; proj project; prop property;
    props properties; proto protocol prototype; ptr pointer; ptrs pointers; pub public; pw password;
    pwd password; pwr power; qry query; qty quantity; ram memory; rand random; rc return; rcv receive;
    rec record; recs records; recv receive; ref reference; refs references; reg register;
    regs registers; rel release relative; repl replace replacement; repo repository; repos repositories;
    req request required; reqs requests requirements; res response result resource; resp response;
    ret return; rev revision reverse; rm remove; rnd random; rng range random; rpt report; rx receive;
    samp sample; sched schedule scheduler; sec seconds security; secs seconds; sel select selection;
    sem semaphore; sep separator; seq sequence; sess session; sig signature signal; sigs signatures;
    sim simulation; sock socket; socks sockets; spec specification; specs specifications; src source;
    srcs sources; srv server service; stat status statistics; stats statistics; std standard;
    stmt statement; stmts statements; str string; strs strings; struct structure; sub substitute;
    svc service; svcs services; svr server; sw software; sym symbol; syms symbols;
    sync synchronize synchronous; sys system; sz size; tab table; tbl table; tbls tables;
    temp temporary temperature; term terminal; thr thread threshold; thresh threshold; tid thread;
    tmp temporary; tmpl template; tok token; toks tokens; tot total; trans transaction transition;
    ts timestamp; tx transmit transaction; txn transaction; tz timezone; uid user; uint integer;
    upd update; usr user; util utility; utils utilities; val value; vals values; var variable;
    vars variables; vec vector; ver version; vers version; vert vertical; vol volume; wd directory;
    wnd window; wrt write; xfer transfer;
"""
SHORT_FORMS: Final[dict[str, tuple[str, ...]]] = {
    words[0]: tuple(words[1:]) for entry in _LISTED.split(";") if (words := entry.split())
}
"""The words that each listed short form may stand for."""
_WRITTEN_TOGETHER: Final = frozenset(
    """
    block cert class data file group home host image input item job key kind label lib line link list lock log
    mail max min mode model name net node out output page path pid proc queue root row rule script server size
    socket sort source stamp start state store stream sum table tag task test text thread time tree type unit
    url user value window
    addr attr buf cfg conn ctx db dir err fd fmt idx img iter len msg num obj pkg ptr req res sock src std str
    sz tmp val var
    """.split()  # noqa: SIM905 - one word a line would hide the list
)
"""Words that names join without a sign: logfile, bufsize. Few words that are one look as if they were two."""
_SHORTEST_PART: Final = 3
_LONGEST_COMPOUND: Final = 30
_VOWELS: Final = re.compile(r"[aeiou]")


@functools.lru_cache(maxsize=1 << 14)
def stands_for(word: str) -> tuple[str, ...]:
    """The words that a listed short form may stand for, () for any other word. `word` is in lower case."""
    return SHORT_FORMS.get(word, ())


def parts_of_compound(word: str, words: Container[str]) -> tuple[str, ...]:
    """The two words that a name joins without a sign, `bufsize` buf and size; () if it is one word.

    `words` are those that are written in one: of these only parts that are often joined are taken apart.
    """
    if not word.isascii() or not 2 * _SHORTEST_PART <= len(word) <= _LONGEST_COMPOUND:
        return ()
    is_word = word in words
    for at in range(_SHORTEST_PART, len(word) - 1):
        first, second = word[:at], word[at:]
        joined = first in _WRITTEN_TOGETHER and second in _WRITTEN_TOGETHER
        known = len(second) >= _SHORTEST_PART and _is_known(first, words) and _is_known(second, words)
        if joined or (known and not is_word):
            return (first, second)
    return ()


def _is_known(part: str, words: Container[str]) -> bool:
    return part in SHORT_FORMS or part in _WRITTEN_TOGETHER or (len(part) > _SHORTEST_PART and part in words)


def shortens(short: str, word: str) -> bool:
    """Whether the letters of a short form that is not listed may stand for a word: the beginning of it
    (`calib`), or its consonants (`pckt`).
    """
    if len(short) < _SHORTEST_PART or len(word) < len(short) + 2 or short[0] != word[0]:
        return False
    if word.startswith(short):
        return True
    return not _VOWELS.search(short) and _consonants(word).startswith(short)


def _consonants(word: str) -> str:
    return word[0] + _VOWELS.sub("", word[1:])
