"""What a file is there for, by its path, and how much that counts for a query.

A test, a release note or a manual page tells of a behaviour in the words in which it is asked for, and the
code that does it often doesn't. What was built from code, or is a copy of others' (`dist`, `vendor`), has the
same words as what a change is made in. So both count less than code, unless the query asks for them.
"""

from __future__ import annotations

import re
from typing import Final

_FOLDER: Final = r"(?:^|/)(?:{})(?:/|$)"
_KINDS: Final = {
    "test": re.compile(
        _FOLDER.format(
            r"tests?|testing|specs?|__tests__|testdata|test[-_]data|fixtures?|e2e|integration[-_]tests?|\w+Tests?"
            r"|test_\w+|tests?[-_]\w+"
        )
        + r"|(?:^|/)(?:test_[^/]*|conftest\.py)$|[_.-](?:test|spec|tests)\.\w+$|\.t$"
        r"|(?:Tests?|Spec|IT)\.(?:java|kt|cs|swift|php|scala|groovy|hs)$",
    ),
    "news": re.compile(
        r"(?:^|/)(?:change(?:s|logs?)?|news|history|release[-_]?notes?|releases?|upgrad(?:e|ing)|whatsnew"
        r"|migrat(?:e|ing|ion))"
        r"(?:[._-][^/]*)?(?:/[^/]*\.(?:md|rst|txt|adoc|html))?$",
        re.IGNORECASE,
    ),
    "built": re.compile(
        _FOLDER.format(
            r"dist|vendor(?:ed)?|third[-_]party|node_modules|bower_components|site-packages|\.yarn|\.next"
        )
        + r"|[.-]min\.\w+$|\.(?:bundle|chunk)\.\w+$"
        + r"|^(?:packages/[^/]+/)?(?:build|out|target|bundles?|public/(?:build|assets))/"
        r".*\.(?:[mc]?js|css|html|map)$",
        re.IGNORECASE,
    ),
    "example": re.compile(
        _FOLDER.format(r"examples?|samples?|demos?|bench(?:mark)?s?|contrib"), re.IGNORECASE
    ),
    "documentation": re.compile(
        r"\.(?:md|markdown|rst|txt|adoc|mdx|html?|tex|[1-9]|texi|pot?|svg|rdoc|pod)$"
        r"|(?:^|/)(?:docs?|documentation|man|website|site|_posts|locales?|translations|i18n)/",
        re.IGNORECASE,
    ),
    "code": re.compile(
        r"\.(?:pyi?|[mc]?[jt]sx?|go|rs|[ch]|cc|cpp|cxx|hpp|hh|hxx|inl|java|kts?|rb|php|cs|fs|vb|swift|exs?|erl|lua|sh"
        r"|bash|ps1|scala|pl|pm|vue|svelte|sql|s?css|less|dart|zig|nim|hs|ml|jl|r|mm?|clj|el|vim|tf|proto|graphql"
        r"|sol|groovy|gradle|cmake|f90|pas|asm|s|cu|glsl|wgsl)$",
        re.IGNORECASE,
    ),
}
"""The first that matches says what a file is."""
_ASKS_FOR: Final = {
    "test": re.compile(
        r"\b(?:tests?|tested|testing|specs?|fixtures?|mock(?:s|ed)?|assert\w*)\b", re.IGNORECASE
    ),
    "news": re.compile(
        r"\b(?:change ?log|release ?notes?|news|history|released?|migrat\w*|upgrad\w*|versions?)\b",
        re.IGNORECASE,
    ),
    "built": re.compile(r"\b(?:dist|bundle[sd]?|vendor\w*|minif\w*|third.party)\b", re.IGNORECASE),
    "example": re.compile(r"\b(?:examples?|samples?|demos?|bench\w*)\b", re.IGNORECASE),
    "documentation": re.compile(
        r"\b(?:docs?|document\w*|readme|manual|man ?pages?|guides?|tutorials?|faq|explain\w*|describes?)\b"
        r"|\btranslat\w*\b|\binstall\w*\b"
        r"|^\W*(?:how (?:do|can|to|should)|what (?:is|are)|where (?:do|can) i|can i|why)\b",
        re.IGNORECASE,
    ),
}
"""Words of a query that ask for such files."""
WORTH: Final = {
    **{"test": 0.35, "news": 0.3, "built": 0.35, "example": 0.6, "documentation": 0.4, "other": 0.6},
    "code": 1.0,
}
"""What the score of a file counts for a query that doesn't ask for its kind: chosen on the histories of half
of 24 repositories (`models/LOG.md`).
"""


def kind_of(path: str) -> str:
    """test, news, built, example, documentation, code or other."""
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(path)), "other")


def worths(query: str) -> dict[str, float]:
    """What each kind of file counts for this query."""
    return {
        kind: 1.0 if kind in _ASKS_FOR and _ASKS_FOR[kind].search(query) else worth
        for kind, worth in WORTH.items()
    }
