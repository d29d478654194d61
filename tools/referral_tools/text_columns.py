"""Columns that line up, in whatever script."""

from collections.abc import Sequence

from rich.cells import cell_len


def align_columns(rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """The rows as lines, each column as wide as its widest cell; a Chinese letter takes two places. The last is not filled."""
    if not rows:
        return []
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        indent + "  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under heads."""
    return "\n".join(align_columns([heads, *rows], indent=""))


def _pad(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))
