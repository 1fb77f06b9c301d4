"""Who may see the page: whoever opened the link that works once, in the browser in which it was opened.

The link is used up by its first use, which sets a cookie. A second use, without that cookie, means that
somebody else has read it (other users of the machine may see a browser's command line): then all access ends.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from typing import Final

COOKIE: Final = "smalltools_dashboard"


class LinkUsedTwice(Exception):
    """The link was used before, by another browser: no cookie is good any more."""


class WrongKey(Exception):
    """The key isn't this link's."""


class DashboardAccess:
    """Keys and cookies of one run, in memory. `folder` is a part of every path, so that the browser sends the
    cookie to no other program on another port of the same address.
    """

    def __init__(self) -> None:
        self.folder: Final = f"/{secrets.token_hex(8)}"
        self._key = secrets.token_urlsafe(32)
        self._cookie = secrets.token_urlsafe(32)
        self._used = False
        self._closed = False
        self._lock = threading.Lock()

    def link(self, port: int) -> str:
        """The address that is opened once."""
        return f"http://127.0.0.1:{port}{self.folder}/open?key={self._key}"

    def admit(self, key: str, cookie: str) -> str:
        """The value of the cookie to set. Raises WrongKey, LinkUsedTwice."""
        with self._lock:
            if not hmac.compare_digest(key.encode("utf-8", "replace"), self._key.encode()):
                raise WrongKey
            if self._used and not self.knows(cookie):
                self._closed = True
                raise LinkUsedTwice
            self._used = True
            return self._cookie

    def knows(self, cookie: str) -> bool:
        """Whether the cookie is the one that was set."""
        same = hmac.compare_digest(cookie.encode("utf-8", "replace"), self._cookie.encode())
        return same and self._used and not self._closed
