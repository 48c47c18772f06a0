"""Pieces of an SVG drawing: text as text, and colours that follow the reader's light or dark mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

# Width of a letter as a share of the font size: an average over sans-serif fonts, on the wide side.
_LETTER = 0.55
_BOLD_LETTER = 0.62

STYLE = """
  svg { --page: #ffffff; --room: #f6f8fa; --wing: #ffffff; --line: #d0d7de; --text: #1f2328; --soft: #59636e;
        --script: #ddf4ff; --wrong: #cf222e;
        --c0: #57606a; --c1: #8250df; --c2: #bf3989; --c3: #0969da; --c4: #1a7f37; --c5: #9a6700; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --room: #151b23; --wing: #0d1117; --line: #3d444d;
          --text: #f0f6fc; --soft: #9198a1;
          --script: #121d2f; --wrong: #f85149;
          --c0: #9198a1; --c1: #a371f7; --c2: #db61a2; --c3: #4493f8; --c4: #3fb950; --c5: #d29922; }
  }
  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--text); }
  .title { font-weight: 600; font-size: 15px; } .name { font-weight: 600; }
  .soft { fill: var(--soft); font-size: 11px; } .number { font-size: 10px; font-weight: 600; }
  .page { fill: var(--page); } .room { fill: var(--room); stroke: var(--line); }
  .wing { fill: var(--wing); stroke: var(--line); } .scripts { fill: var(--script); stroke: var(--line); }
  .outside { fill: none; stroke: var(--line); stroke-dasharray: 5 4; }
  .inner { stroke: var(--soft); } path { fill: none; }
  .number { paint-order: stroke; stroke: var(--room); stroke-width: 3px; } .lane { stroke: var(--page); }
"""


def colours(count: int) -> Iterator[str]:
    """Yield style rules for as many wires as there are colours, with their arrow heads."""
    for number in range(count):
        yield f"  .w{number} {{ stroke: var(--c{number}); }} .t{number} {{ fill: var(--c{number}); }}"
    yield "  .wrong { stroke: var(--wrong); } .twrong { fill: var(--wrong); }"


def width(text: str, size: int, *, bold: bool = False) -> int:
    """Return about how many pixels a text takes, rather too many than too few."""
    return round(len(text) * size * (_BOLD_LETTER if bold else _LETTER))


def wrap(words: Sequence[str], size: int, space: int, separator: str = " ") -> list[str]:
    """Return lines of `words`, joined with the separator, that fit into a space."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]}{separator}{word}" if lines else word
        if lines and width(longer, size) <= space:
            lines[-1] = longer
        else:
            if lines:
                lines[-1] += separator.rstrip()
            lines.append(word)
    return lines


def cut(words: Sequence[str], size: int, space: int, separator: str = ", ") -> str:
    """Return as many of `words` as fit into a space, with an ellipsis for the others."""
    lines = wrap(words, size, space - width(" …", size), separator)
    return "" if not lines else lines[0] if len(lines) == 1 else f"{lines[0]} …"


def text(x: int, y: int, content: str, kind: str = "", anchor: str = "start") -> str:
    """Return one line of text; `y` is its base line."""
    named = f' class="{kind}"' if kind else ""
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}"{named}{placed}>{escape(content, quote=False)}</text>'


def box(x: int, y: int, wide: int, high: int, kind: str, radius: int = 6) -> str:
    """Return a rectangle with round corners."""
    return f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="{radius}" class="{kind}"/>'


def path(points: str, kind: str, thickness: float = 1.0) -> str:
    """Return a line along the points."""
    return f'<path d="{points}" class="{kind}" stroke-width="{thickness:g}"/>'


def head(x: int, y: int, towards: str, kind: str) -> str:
    """Return an arrow head with its tip at a point: `left`, `right` or `down`."""
    shape = {"left": "l7 -4 v8 z", "right": "l-7 -4 v8 z", "down": "l-4 -7 h8 z"}[towards]
    return f'<path d="M{x} {y} {shape}" class="{kind}" style="stroke: none"/>'


def thickness(count: int) -> float:
    """Return how thick a line of so many imports is: each doubling adds half a pixel."""
    return 1 + 0.5 * (count.bit_length() - 1)
