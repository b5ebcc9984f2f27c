"""The columns of a tape as a table of a page, made from the table that the reader checks by."""

from __future__ import annotations

from deflator.messages import text
from deflator.tape.schema import columns

_HEADINGS = ("column", "holds", "unit", "needed", "meaning")


def column_table() -> str:
    """Return every column of a tape as a Markdown table.

    Examples
    --------
    >>> column_table().splitlines()[2]
    '| **`loan`** | text |  | must be given | Your own number of the loan; each once |'
    """
    rows = [
        (
            f"**`{name}`**" if column.key else f"`{name}`",
            " ".join(column.allowed) if column.type == "choice" else column.type,
            column.unit,
            text("tape.needed") if column.required else "",
            column.description,
        )
        for name, column in columns().items()
    ]
    written = [_HEADINGS, ["---"] * len(_HEADINGS), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in written) + "\n"
