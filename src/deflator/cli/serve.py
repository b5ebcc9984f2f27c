"""`deflator serve`: the dashboard on this machine."""

from __future__ import annotations

import re
import secrets
import socket
import threading
from importlib import import_module
from typing import Annotated

import typer

from deflator.cli.output import emit_json, reporting, say
from deflator.errors import Fault, RunError
from deflator.messages import text

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NEEDED = ("fastapi", "uvicorn", "websockets", "python_multipart")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,200}", re.ASCII)


def serve(
    port: Annotated[int, typer.Option(min=0, max=65_535, help=text("web.serve.port"))] = 8642,
    host: Annotated[str, typer.Option(help=text("web.serve.host"))] = "127.0.0.1",
    token: Annotated[str | None, typer.Option(envvar="DEFLATOR_TOKEN", help=text("web.serve.token"))] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help=text("web.serve.open"))] = True,
    book: Annotated[str | None, typer.Option(help=text("web.serve.book"))] = None,
    workers: Annotated[int | None, typer.Option(min=1, help=text("web.serve.workers"))] = None,
    allow: Annotated[list[str] | None, typer.Option("--allow-host", help=text("web.serve.allow"))] = None,
    json: Annotated[bool, typer.Option("--json", help=text("cli.json"))] = False,
) -> None:
    """Serve the dashboard until it is stopped; the help text is in the catalogue."""
    with reporting(json):
        check_extra()
        check_token(host, token)
        from deflator.web.app import create_app
        from deflator.web.guard import rules_for
        from deflator.web.serving import server_of

        app = create_app(rules_for(host, token, allow or ()), book=book, threads=workers)
        listening = bind(host, port)
        address = address_of(host, listening.getsockname()[1], token)

        def ready() -> None:
            if json:
                emit_json({"address": address, "disclaimer": text("common.disclaimer")})
            else:
                say(text("web.serve.listening", address=address))
                say(text("common.disclaimer"))
            if open_page:
                threading.Thread(target=_open, args=(address,), daemon=True).start()

        server_of(app, ready).run(sockets=[listening])
        if not json:
            say(text("web.serve.stopped"))


def check_extra() -> None:
    """Refuse to serve without the libraries of the extra `web`.

    Raises
    ------
    RunError
        When one is not installed.
    """
    for library in _NEEDED:
        try:
            import_module(library)
        except ImportError:
            hint = "type `pip install 'deflator[web]'`"
            raise RunError([Fault("", 0, "", f"{library} is not installed", hint)]) from None


def check_token(host: str, token: str | None) -> None:
    """Refuse to listen beyond this machine without a token, and a token that can be guessed.

    Raises
    ------
    RunError
        For either.
    """
    if token is None and host not in _LOOPBACK:
        hint = f"add --token {secrets.token_urlsafe(18)}, or leave out --host"
        raise RunError([Fault("", 0, "--host", f"{host} can be reached from other machines", hint)])
    if token is not None and not _TOKEN.fullmatch(token):
        hint = f"use at least 16 letters, digits, - and _, such as {secrets.token_urlsafe(18)}"
        raise RunError([Fault("", 0, "--token", "the token is too short, or not of letters and digits", hint)])


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a host and port.

    Raises
    ------
    RunError
        When that cannot be.
    """
    try:
        kind, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise _taken(host, port, error) from None
    listening = socket.socket(kind, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
    except OSError as error:
        listening.close()
        raise _taken(host, port, error) from None
    return listening


def _taken(host: str, port: int, error: OSError) -> RunError:
    message = f"cannot listen on {host}:{port}: {error.strerror or error}"
    return RunError([Fault("", 0, "--port", message, "use another --port, or 0 for any that is free")])


def address_of(host: str, port: int, token: str | None) -> str:
    """Return the address of the page.

    Examples
    --------
    >>> address_of("127.0.0.1", 8642, None), address_of("::1", 80, "secret")
    ('http://127.0.0.1:8642/', 'http://[::1]:80/?token=secret')
    """
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")


def _open(address: str) -> None:
    import webbrowser

    webbrowser.open(address)
