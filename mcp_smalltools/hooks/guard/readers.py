"""Which programs show what is in files, which copy it, and which start other programs."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


READERS: Final = _words(
    "cat bat batcat tac nl head tail less more most view vi vim nvim nano emacs ed ex od xxd hd hexdump "
    "grep egrep fgrep zgrep zegrep zfgrep bzgrep xzgrep zstdgrep rg ag ack ugrep sift sed gsed awk gawk mawk "
    "nawk cut sort uniq comm join paste fold fmt pr column colrm expand unexpand rev shuf split csplit look "
    "diff colordiff sdiff cmp diff3 patch jq yq xq gojq dasel xmllint xmlstarlet csvlook csvcut mlr strings "
    "base64 base32 basenc uuencode iconv dos2unix zcat gzcat bzcat xzcat zstdcat lzcat zless zmore "
    "gunzip gzip bunzip2 bzip2 unxz xz unzstd zstd 7z 7za unzip unrar tar cpio ar zip openssl gpg age "
    "pandoc glow pdftotext antiword catdoc sqlite3 psql mysql duckdb dd pv curl sftp highlight pygmentize "
    "source-highlight fzf xclip xsel wl-copy source . Get-Content gc"
)
"""Programs that show, or send away, the text of a file that is named. Some only with options."""
RECURSIVE: Final = _words("rg ag ack ugrep sift")
"""Programs that search the working folder where none is named."""
COPIERS: Final = _words("cp mv ln install rsync scp ditto rclone gcp gmv gln Copy-Item Move-Item")
"""Programs of which the last operand is where the text goes."""
INTERPRETERS: Final = _words(
    "python python2 python3 pypy pypy3 node nodejs deno bun ruby perl php lua Rscript R julia osascript "
    "tclsh powershell pwsh groovy scala ghc jshell"
)
"""Programs to which code can be given in a word."""
INLINE_CODE: Final = _words("-c -e -E -r -p -pe -ne -n --eval --print -Command")
SHELLS: Final = _words("bash sh zsh dash ksh fish ash eval")
PREFIXES: Final = _words(
    "sudo doas env time nice ionice nohup exec command builtin stdbuf unbuffer timeout gtimeout xargs "
    "parallel watch strace ltrace setsid chronic caffeinate do then else if while until ! { busybox toybox"
)
"""Words before the program that is meant."""
STARTERS: Final = _words("xargs parallel")
"""Programs that give others the names that they read."""
GIT_READERS: Final = _words(
    "show diff log blame annotate grep cat-file archive format-patch difftool stash range-diff whatchanged"
)
_TAKES_VALUE: Final = _words("-u -g -n -s -k -o -e -i -p -P -L -I -d -a -E")


def program_of(words: list[str]) -> list[str]:
    """The words from the program that is meant on: without assignments, `sudo`, `timeout 5`."""
    at = 0
    while at < len(words):
        word = words[at]
        name, equals, _ = word.partition("=")
        if equals and name.isidentifier():
            at += 1
        elif _base(word) in PREFIXES:
            at = _past_options(words, at + 1)
        else:
            break
    return words[at:]


def _past_options(words: list[str], at: int) -> int:
    """The place behind the options of a prefix, their values, and a duration."""
    while at < len(words):
        word = words[at]
        if word in _TAKES_VALUE:
            at += 2
        elif word.startswith("-") or word[:1].isdigit():
            at += 1
        else:
            break
    return at


def base_name(words: list[str]) -> str:
    """The name of the program, without its folder."""
    return _base(words[0]) if words else ""


def _base(word: str) -> str:
    return word.rpartition("/")[2]


def edits_in_place(words: list[str]) -> bool:
    """Whether a reader only changes the file, and shows nothing of it (`sed -i`)."""
    options = [word for word in words[1:] if word.startswith("-")]
    in_place = any(option.startswith(("-i", "--in-place")) for option in options)
    return base_name(words) in {"sed", "gsed", "perl", "yq"} and in_place


def searches(words: list[str]) -> bool:
    """Whether the program does nothing but look for a text."""
    name = base_name(words)
    return name in RECURSIVE or (name.endswith("grep") and name != "pgrep") or words[:2] == ["git", "grep"]


def searches_below(words: list[str]) -> bool:
    """Whether the program reads all files below a folder."""
    name = base_name(words)
    if name in RECURSIVE:
        return True
    short = "".join(word[1:] for word in words[1:] if word[:1] == "-" and word[:2] != "--")
    return searches(words) and ("r" in short or "R" in short or "--recursive" in words)


def hides_names(words: list[str]) -> bool:
    """Whether a search shows lines without the names of their files."""
    options = {word for word in words[1:] if word.startswith("-")}
    short = "".join(word[1:] for word in options if word[:2] != "--")
    return "--no-filename" in options or "h" in short or ("I" in short and base_name(words) == "rg")
