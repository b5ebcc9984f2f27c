"""Who may ask, and with what: the first thing that every request and every WebSocket meets.

A page of another site must not reach this service through the user's browser: a request has to name this host (which a
name that was rebound to this address does not), and what changes or streams has to come from this page. Beyond this
machine nothing is served without the token.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deflator.messages import LANGUAGES, speaking, text
from deflator.web.limits import Limits, Rates

COOKIE = "deflator_token"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SAFE = ("GET", "HEAD", "OPTIONS")
#: Where files are sent to.
_UPLOADS = ("/api/books", "/api/tape")
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(frozen=True)
class Rules:
    """What is let in.

    Parameters
    ----------
    hosts
        Names by which this service may be called.
    any_address
        Whether every address in figures may be used too: one that listens on all of them does not know which it has.
        A rebound name is never one in figures.
    token
        What has to be presented; None where only this machine can ask.
    """

    hosts: frozenset[str]
    any_address: bool = False
    token: str | None = None

    def knows(self, host: str) -> bool:
        """Tell whether a Host header names this service.

        Examples
        --------
        >>> rules = rules_for("127.0.0.1")
        >>> rules.knows("localhost:8642"), rules.knows("[::1]"), rules.knows("evil.example:8642")
        (True, True, False)
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self.hosts or (self.any_address and _in_figures(name))

    def presented(self, scope: Scope, headers: Headers) -> bool:
        """Tell whether a request presents the token: as bearer, in the cookie, or in the address."""
        if self.token is None:
            return True
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        given = [bearer.strip()] if kind.lower() == "bearer" else []
        given += [*_cookies(headers), *_in_address(scope)]
        return any(hmac.compare_digest(one.encode(), self.token.encode()) for one in given)


def rules_for(host: str, token: str | None = None, names: Iterable[str] = ()) -> Rules:
    """Return the rules for a service that listens on a host.

    Parameters
    ----------
    host
        Name or address; `0.0.0.0` and `::` are all addresses of this machine.
    token
        What has to be presented.
    names
        Other names by which it may be called.
    """
    everywhere = host in ("0.0.0.0", "::", "")
    own = () if everywhere else (host.lower().strip("[]"),)
    return Rules(frozenset((*LOOPBACK, *own, *(name.lower() for name in names))), everywhere, token)


class Guard:
    """Lets in what the rules allow, bounds what is sent, and adds the headers that keep a page to itself.

    Parameters
    ----------
    app
        What is guarded.
    rules, limits
        What is let in, and how much of it.
    """

    def __init__(self, app: ASGIApp, rules: Rules, limits: Limits) -> None:
        self._app, self._rules, self._limits = app, rules, limits
        self._rates = Rates(limits.requests_per_second, limits.requests_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        with speaking(language_of(scope, headers)):
            await self._let_in(scope, headers, receive, send)

    async def _let_in(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        refused = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refused:
                await send({"type": "websocket.close", "code": 1008, "reason": refused[1]})
            else:
                await self._app(scope, receive, send)
            return
        sending = self._with_headers(scope, send)
        if refused:
            await _refuse(sending, *refused)
            return
        most = self._limits.upload_bytes if _is_upload(scope) else self._limits.body_bytes
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > most:
            await _refuse(sending, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text("web.too_large", most=f"{most:,}"))
            return
        await self._serve(scope, receive, sending, most)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        """Pass a request on, and stop it when its body grows too large or comes too slowly."""
        taken, started = 0, False

        async def counted() -> Message:
            nonlocal taken
            try:
                message = await asyncio.wait_for(receive(), None if started else self._limits.body_seconds)
            except TimeoutError:
                raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, text("web.too_slow")) from None
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text("web.too_large", most=f"{most:,}"))
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        await self._app(scope, counted, noted)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return why a request is not let in, if so."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._rules.knows(hosts[0]):
            return HTTPStatus.MISDIRECTED_REQUEST, text("web.foreign_host", host=ascii(",".join(hosts))[1:61])
        live = scope["type"] == "websocket"
        origin = headers.get("origin")
        changes = live or scope["method"] not in _SAFE
        if changes and origin is not None and not _is_own(origin, hosts[0]):
            return HTTPStatus.FORBIDDEN, text("web.foreign_origin", origin=ascii(origin)[1:61])
        api = live or scope["path"].startswith("/api/")
        if api and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return HTTPStatus.FORBIDDEN, text("web.foreign_origin", origin=ascii(origin or "another site")[1:61])
        client = scope.get("client")
        if not self._rates.take(client[0] if client else ""):
            return HTTPStatus.TOO_MANY_REQUESTS, text("web.too_often")
        if (api or scope["path"] == "/openapi.json") and not self._rules.presented(scope, headers):
            return HTTPStatus.UNAUTHORIZED, text("web.no_token")
        return None

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that adds the headers, and keeps a token that stands in the address of the page."""
        extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        if scope["path"].startswith("/api/"):
            extra.append((b"cache-control", b"no-store"))
        token = self._rules.token
        if token is not None and any(hmac.compare_digest(one.encode(), token.encode()) for one in _in_address(scope)):
            extra.append((b"set-cookie", f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict".encode()))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = {name for name, _ in extra}
                kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in added]
                message = {**message, "headers": [*kept, *extra]}
            await send(message)

        return sending


def language_of(scope: Scope, headers: Headers) -> str:
    """Return the language that a client asks for: `lang` in the address, else the first known one of Accept-Language.

    Examples
    --------
    >>> language_of({"query_string": b"lang=zh"}, Headers({"accept-language": "en"}))
    'zh'
    >>> language_of({"query_string": b""}, Headers({"accept-language": "fr, zh-CN;q=0.9, en;q=0.8"}))
    'zh'
    """
    accepted = [part.partition(";")[0].strip() for part in headers.get("accept-language", "").split(",")[:20]]
    for asked in (*_in_address(scope, "lang"), *accepted):
        primary = asked.replace("_", "-").partition("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return LANGUAGES[0]


def _is_own(origin: str, host: str) -> bool:
    """Tell whether an Origin header names the host that was called.

    Examples
    --------
    >>> _is_own("http://localhost:8642", "localhost:8642"), _is_own("null", "localhost"), _is_own("http://a.b", "a.c")
    (True, False, False)
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _in_figures(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _cookies(headers: Headers) -> list[str]:
    try:
        cookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return []
    return [cookie[COOKIE].value] if COOKIE in cookie else []


def _in_address(scope: Scope, name: str = "token") -> list[str]:
    try:
        return parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20).get(name, [])
    except ValueError:
        return []


def _is_upload(scope: Scope) -> bool:
    return scope["method"] == "POST" and scope["path"] in _UPLOADS


async def _refuse(send: Send, status: int, message: str) -> None:
    """Answer with one fault."""
    body = json.dumps({"faults": [{"file": "", "row": 0, "column": "", "field": "", "message": message, "hint": ""}]})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
