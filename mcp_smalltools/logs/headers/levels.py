"""Names, letters and numbers of levels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

LEVELS = ("trace", "debug", "info", "notice", "warning", "error", "fatal")

_NAMES: Mapping[str, str] = {
    "trace": "trace trc trce finest finer verbose vrb silly verb veryverbose ddebug subdebug",
    "debug": "debug dbg dbug fine debg",
    "info": "info inf information informational success",
    "notice": "notice",
    "warning": "warn warning wrn warnung",
    "error": "error err eror severe",
    "fatal": "fatal critical crit panic emerg emergency alert dpanic ftl",
}
"""Words that are hardly ever anything else before a message."""
_OTHER_NAMES: Mapping[str, str] = {
    "debug": "detailed",
    "info": "log statement detail context query location system display audit basic nrm",
    "notice": "hint config note",
    "warning": "fixme war",
    "error": "failure fail failed ko",
    "fatal": "abort fat",
}
"""Levels only in brackets or before a colon or a bar."""
_FOREIGN: Mapping[str, str] = {
    "trace": "最も詳細 較詳細 较详细 より詳細 非常详细 最詳細 трассировка traza",
    "debug": "詳細 详细 细节 デバッグ 调试 調試 偵錯 отладка fein détail débogage depuración",
    "info": "情報 信息 資訊 정보 информация инфо infos información informazioni informações informação"
    " informatie bilgi informacja информацію",
    "notice": "設定 配置 注意 konfiguration hinweis",
    "warning": "警告 경고 предупреждение avertissement advertencia avvertenza avviso aviso waarschuwing"
    " varning uyarı ostrzeżenie",
    "error": "重大 严重 嚴重 错误 錯誤 エラー 심각 오류 ошибка серьезно schwerwiegend fehler grave erreur"
    " errore erro fout błąd hata",
    "fatal": "致命的 致命 критическая kritisch fatale critique crítico critico",
}
_LETTERS: Mapping[str, str] = {
    "d": "debug", "i": "info", "w": "warning", "e": "error", "f": "fatal", "c": "fatal",
    "v": "trace", "t": "trace", "n": "notice", "a": "fatal",
}  # fmt: skip
_XORG: Mapping[str, str] = {
    "EE": "error", "WW": "warning", "II": "info", "NI": "warning",
    "--": "info", "**": "info", "==": "info", "++": "info", "!!": "notice",
}  # fmt: skip
_OF_SEVERITY = ("fatal", "fatal", "fatal", "error", "warning", "notice", "info", "debug")
_OF_TEN = {0: "trace", 10: "trace", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "fatal"}


def _by_name(*tables: Mapping[str, str]) -> dict[str, str]:
    return {name: level for table in tables for level, names in table.items() for name in names.split()}


_SURE = _by_name(_NAMES, _FOREIGN)
_ALL = _by_name(_NAMES, _OTHER_NAMES, _FOREIGN)


def _alternatives(names: Iterable[str]) -> str:
    """A pattern of these names, the longest first; names of one first sign together, so that it is compared
    once for all of them.
    """
    of_first: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        of_first.setdefault(name[0], []).append(re.escape(name[1:]))
    return "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in of_first.items())


SURE_NAMES = _alternatives({form for name in _SURE for form in (name, name.upper()) if form == form.upper()})
"""A pattern of names in capitals, and of those that have no capitals."""
ANY_NAMES = _alternatives(_ALL)
"""A pattern of all names; to be used without regard to case."""
CLEAR_NAMES = _alternatives(_by_name(_NAMES))
"""A pattern of the English names that are hardly ever anything else; to be used without regard to case."""
ANY_LEVELS = frozenset(_ALL)
LEVEL_NAMES = _alternatives(_by_name(_NAMES, _OTHER_NAMES))


@lru_cache(maxsize=1_024)
def level_of_name(name: str) -> str | None:
    """The level of this name, or of this letter; a digit behind it (DEBUG1) says no more."""
    low = name.strip().lower().rstrip("0123456789!")
    return _ALL.get(low) or _LETTERS.get(low) or _XORG.get(name.strip())


def level_of_severity(number: int) -> str:
    """The level of a severity of syslog, or of a whole <PRI>."""
    return _OF_SEVERITY[number % 8]


def level_of_number(number: int) -> str | None:
    """The level of a number: of tens as in pino, bunyan and Python, below ten as in syslog."""
    if 0 <= number < 8:
        return level_of_severity(number)
    return _OF_TEN.get(min(number - number % 10, 60)) if number >= 8 else None


def level_of_status(status: int) -> str:
    """What a status of HTTP says of its request."""
    return "error" if 500 <= status < 600 else "info"
