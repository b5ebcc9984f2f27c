"""The look that all figures share, and how one is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from deflator.durable import whole
from deflator.errors import Fault, RunError
from deflator.messages import text

# Okabe and Ito's colours, which remain apart for colour-blind readers; use marks, hatches or labels besides.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, YELLOW, BLACK = (
    "#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#222222",
)  # fmt: skip
FORMATS = (".svg", ".png", ".pdf")
_LOOK = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.prop_cycle": "cycler('color', ['0072b2', 'd55e00', '009e73', 'e69f00', '56b4e9', 'cc79a7', '222222'])",
    "font.family": "sans-serif",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "deflator",
    "legend.frameon": False,
}


@contextmanager
def drawing(file: Path, width_inches: float = 9.0, height_inches: float = 5.0) -> Iterator[Any]:
    """Give a Matplotlib figure to draw on; it is written when the block ends well, whole or not at all.

    Parameters
    ----------
    file
        Where to; its ending is one of `FORMATS`.
    width_inches, height_inches
        Size.

    Raises
    ------
    RunError
        When the ending is another one, or Matplotlib, of the extra `figures`, is not installed.
    """
    check_picture(file)
    matplotlib, figures = import_module("matplotlib"), import_module("matplotlib.figure")
    with matplotlib.rc_context(_LOOK):
        figure = figures.Figure(figsize=(width_inches, height_inches), layout="constrained")
        yield figure
        figure.text(1.0, 0.0, text("common.disclaimer"), ha="right", va="bottom", size=7, color="#666666")
        with whole(file) as draft:
            figure.savefig(draft, dpi=144, metadata={"Date": None} if file.suffix == ".svg" else None)


def check_picture(file: Path) -> None:
    """Refuse a file that no figure can be written to; ask before anything is computed.

    Raises
    ------
    RunError
        When the ending is not one of `FORMATS`, or Matplotlib is not installed.
    """
    if file.suffix not in FORMATS:
        message = f"{file.suffix or 'no ending'} is not a kind of figure"
        raise RunError([Fault(str(file), 0, "--figure", message, f"end the name with {', '.join(FORMATS)}")])
    try:
        import_module("matplotlib")
    except ImportError:
        hint = "type `pip install 'deflator[figures]'`"
        raise RunError([Fault("", 0, "--figure", "Matplotlib is not installed", hint)]) from None
