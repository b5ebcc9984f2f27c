"""The frozen contract of the API. `python -m deflator.web.contract` writes it anew after a change that is meant."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from deflator.web.app import create_app


def contract() -> dict[str, Any]:
    """Return what the service answers, as OpenAPI."""
    return create_app(warm_up=False).openapi()


def frozen_file() -> Path:
    """Return where the frozen contract lies."""
    return Path(str(resources.files("deflator.web") / "openapi.json"))


def written(content: dict[str, Any]) -> str:
    """Return a contract as the file has it."""
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    frozen_file().write_text(written(contract()), encoding="utf-8")
