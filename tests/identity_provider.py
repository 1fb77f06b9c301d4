"""A small OpenID provider on loopback for tests: real keys, a real discovery document, a real JWKS
endpoint.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "https://box.example/mcp"
SCOPE = "smalltools"


def new_key(algorithm: str) -> Any:
    if algorithm.startswith("ES"):
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """Serves its documents in a thread. `fetches` counts requests for its keys."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, Any]] = {}
        self.fetches = 0
        self.down = False
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                document = provider._document(self.path)
                self.send_response(200 if document else 503 if provider.down else 404)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def add_key(self, key_id: str, algorithm: str = "RS256") -> None:
        self.keys[key_id] = (algorithm, new_key(algorithm))

    def token(
        self, key_id: str, *, key: Any = None, algorithm: str = "", header: Any = None, **claims: Any
    ) -> str:
        """An access token as RFC 9068 has it; claims that are None are left out."""
        own_algorithm, own_key = self.keys.get(key_id, ("RS256", None))
        given = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "ann",
            "scope": f"openid {SCOPE}",
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            **claims,
        }
        given = {name: value for name, value in given.items() if value is not None}
        headers = {"kid": key_id, "typ": "at+jwt", **(header or {})}
        return jwt.encode(given, key or own_key, algorithm or own_algorithm, headers=headers)

    def _document(self, path: str) -> dict[str, Any] | None:
        if self.down:
            return None
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        if path == "/keys":
            self.fetches += 1
            return {"keys": [_public(key_id, *pair) for key_id, pair in self.keys.items()]}
        return None


def _public(key_id: str, algorithm: str, key: Any) -> dict[str, Any]:
    kinds = {
        "E": jwt.algorithms.ECAlgorithm,
        "R": jwt.algorithms.RSAAlgorithm,
        "P": jwt.algorithms.RSAAlgorithm,
    }
    kind = jwt.algorithms.OKPAlgorithm if algorithm == "EdDSA" else kinds[algorithm[0]]
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "alg": algorithm, "use": "sig"}
