"""Tables that a notebook shows."""

from __future__ import annotations

import html
from typing import NamedTuple


class Table(NamedTuple):
    """A table that a notebook shows.

    Attributes:
      caption: what it holds.
      columns: the heads, C words.
      rows: R of them, each with C words, the first of which names the row.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [self.columns, *self.rows]
        wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(f"{word:{size}}" for word, size in zip(line, wide, strict=True)) for line in lines)

    def __repr__(self) -> str:
        return f"{self.caption}\n{self}"

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{_html(word)}</th>' for word in self.columns)
        body = "".join(
            f'<tr><th scope="row">{_html(first)}</th>' + "".join(f"<td>{_html(word)}</td>" for word in rest) + "</tr>"
            for first, *rest in self.rows
        )
        caption = f"<caption>{_html(self.caption)}</caption>"
        return f'<table class="dataframe">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _html(text: str) -> str:
    """With raised powers."""
    words = [part.partition("^") for part in html.escape(text).split(" ")]
    return " ".join(base + (f"<sup>{power.replace('-', '−')}</sup>" if power else "") for base, _, power in words)
