"""`deflator plugins`: what other packages add."""

from __future__ import annotations

from typing import Annotated

import typer

from deflator.cli.output import emit_json, reporting, say, table
from deflator.messages import text


def plugins(json: Annotated[bool, typer.Option("--json", help=text("cli.json"))] = False) -> None:
    """List what plug-ins add."""
    with reporting(json):
        from deflator import plugins as added
        from deflator.scenario import scenario_files, shipped_scenarios

        own = [name for name in scenario_files() if name not in shipped_scenarios()]
        rows = [
            {
                "group": group,
                "name": name,
                "description": text("plugins.scenario_files", names=", ".join(own))
                if group == "scenarios"
                else added.load(group, name).description,
            }
            for group in added.GROUPS
            for name in added.names(group)
        ]
        if json:
            emit_json({"plugins": rows})
        elif rows:
            columns = [text(f"plugins.column_{name}") for name in ("group", "name", "description")]
            table(text("plugins.title"), columns, [list(row.values()) for row in rows])
        else:
            say(text("plugins.none"))
