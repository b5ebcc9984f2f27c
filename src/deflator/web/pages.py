"""The built dashboard, and pages that need no build: what documents the API, and a word where the build is missing."""

from __future__ import annotations

from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from deflator.messages import spoken, text


def static_folder() -> Path:
    """Return the folder of the built dashboard."""
    return Path(str(resources.files("deflator.web") / "static"))


def docs_page(contract: dict[str, Any]) -> str:
    """Return the documentation of the API as a page without scripts, from its contract."""
    sections = [
        _operation(path, method, operation)
        for path, item in contract["paths"].items()
        for method, operation in item.items()
    ]
    title = escape(text("web.docs.title"))
    return (
        f'<!doctype html><html lang="{spoken()}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f"<body><main><h1>{title}</h1><p>{escape(text('web.docs.introduction'))}</p>"
        f'<p><a href="/openapi.json">openapi.json</a></p>'
        f"<h2>WebSocket /api/live</h2><pre>{escape(text('web.docs.live'))}</pre>{''.join(sections)}"
        f"{_schemas(contract)}<p>{escape(text('common.disclaimer'))}</p></main></body></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = [
        (one["name"], one["in"], _kind(one["schema"]), one.get("required", False))
        for one in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {})
    rows += [("", media, _kind(content["schema"]), True) for media, content in body.items()]
    lines = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(where)}</td><td>{kind}</td>"
        f"<td>{escape(text('web.docs.required') if needed else '')}</td></tr>"
        for name, where, kind, needed in rows
    )
    head = "".join(f"<th>{escape(text(f'web.docs.{name}'))}</th>" for name in ("name", "where", "kind", "required"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>" if rows else ""
    summary = escape(operation.get("description") or operation.get("summary", ""))
    return f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{summary}</p>{table}"


def _schemas(contract: dict[str, Any]) -> str:
    found = []
    for name, schema in contract.get("components", {}).get("schemas", {}).items():
        rows = "".join(
            f"<tr><td><code>{escape(field)}</code></td><td>{_kind(one)}</td></tr>"
            for field, one in schema.get("properties", {}).items()
        )
        summary = escape(schema.get("description", ""))
        found.append(f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{summary}</p><table>{rows}</table>')
    return f"<h2>{escape(text('web.docs.schemas'))}</h2>{''.join(found)}"


def _kind(schema: dict[str, Any]) -> str:
    """Return a type in words; that of a body leads to its description."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " | ".join(_kind(one) for one in schema["anyOf"])
    if "items" in schema:
        return f"[{_kind(schema['items'])}]"
    return escape(str(schema.get("type", "")))


def missing_build() -> str:
    """Return the page that stands where the build of the dashboard is missing."""
    return f'<!doctype html><html lang="{spoken()}"><title>Deflator</title><p>{escape(text("web.no_build"))}</p></html>'
