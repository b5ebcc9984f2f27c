"""The cascade: who is bound to whom, which share has broken by when, and one path of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deflator.analysis.cascade import KINDS, Cascade, cascade
from deflator.ensemble import Progress, Question
from deflator.report.documents.heading import bands, labels, prepared, words


def build_cascade(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of the cascade; `path` is the path that is told, -1 for the middle one."""
    path = None if arguments["path"] < 0 else int(arguments["path"])
    return cascade_page(cascade(prepared(question, arguments), path, progress=progress))


def cascade_page(found: Cascade) -> dict[str, Any]:
    """Return the page of a cascade that was followed."""
    question, economy = found.setting.question, found.setting.economy
    names = labels(question)
    exposure = dict(zip(economy.entities, economy.exposure_musd.tolist(), strict=True))
    layer = dict(zip(economy.entities, economy.layers, strict=True))
    rows = {str(row["entity"]): row for row in question.book.table("entities").rows}
    touched = {end for one in found.exposures for end in (one.payer, one.payee)}
    told = found.told
    return {
        "paths": found.paths,
        "draws": question.draws_used,
        "kinds": KINDS,
        "nodes": [
            {"id": name, "label": names[name], "layer": layer[name], "exposure_musd": exposure[name],
             "members": int(rows[name]["members"] or 1), "parent": rows[name]["parent"],
             "can_break": name in found.broken}
            for name in found.entities
            if name in touched or name in found.broken
        ],
        "edges": [
            {"from": one.payer, "to": one.payee, "kind": one.kind, "musd": one.musd, "label": one.name,
             "runs": one.runs, "start": one.start, "end": one.end}
            for one in found.exposures
        ],
        "average": {
            "broken": {name: bands(months) for name, months in found.broken.items()},
            "headroom": {
                name: dict(zip(("q05", "median", "q95"), levels, strict=True))
                for name, levels in found.headroom.items()
            },
        },
        "path": {
            "path": told.path, "draw": told.draw, "chosen": told.chosen, "chosen_for": told.chosen_for or None,
            "rent": told.rent,
            "breaks": told.breaks,
            "missed": [
                {"month": one.month, "from": one.payer, "to": one.payee, "category": one.category,
                 "due_musd": one.due_musd, "missed_musd": one.missed_musd}
                for one in told.missed
            ],
            "broken": {
                name: told.broken[:, at] for at, name in enumerate(found.entities) if np.any(told.broken[:, at])
            },
            "headroom": {name: told.headroom[:, at] for at, name in enumerate(found.entities) if name in found.broken},
        },
        "words": words(
            triggers=[one.trigger for one in told.breaks], causes=[c for b in told.breaks for c in b.causes]
        ),
    }  # fmt: skip
