"""The outcomes of an import as one picture: a stacked bar with a legend, as a standalone SVG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from f.records.report.count_table import CountRow, count_table
from f.records.report.palette import GROUND, INK, PALETTE, QUIET

_SMALLEST_PERCENT = 1.0  # of the bar's width, so that one row in a million is seen
_SHARE_WIDTH = 58
_COLUMN_ROWS = 4  # left what is done, right what needs a person


def outcome_bar(counts: Mapping[str, int]) -> str:
    """Return the SVG. It fills its place's width, keeps its height, and follows light or dark mode.

    `counts` are those of an import or of a dry run. Shares under 1 % are drawn as 1 %.
    """
    table = count_table(counts)
    text = ", ".join(f"{one.rows:,} {one.name}" for one in table if one.rows)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="outcome-bar" width="100%" height="196" role="img" '
        'aria-labelledby="outcome-title outcome-text">'
        f'<title id="outcome-title">Outcomes of {in_rows(counts["rows"])}</title>'
        f'<desc id="outcome-text">{text or "Nothing was imported"}.</desc>'
        f"<style>{_style()}</style>"
        f'<rect class="ob-ground" width="100%" height="196" rx="10" fill="{GROUND[0]}"/>'
        '<svg x="3%" width="94%" overflow="visible" font-family="system-ui, sans-serif" font-size="14">'
        f'<text class="ob-ink" y="31" font-weight="600" fill="{INK[0]}">{in_rows(counts["rows"])}</text>'
        f"{_bar(table)}"
        f"{_legend(table[:_COLUMN_ROWS], counts['rows'], '0')}"
        f"{_legend(table[_COLUMN_ROWS:], counts['rows'], '53%')}"
        "</svg></svg>"
    )


def plain_bar(counts: Mapping[str, int]) -> str:
    """Return the bar alone, to stand above a table that names its colours and numbers."""
    table = count_table(counts)
    text = ", ".join(f"{one.rows:,} {one.name}" for one in table if one.rows)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="outcome-bar" width="100%" height="28" role="img" '
        f'aria-label="{text or "no rows"}"><style>{_style()}</style>'
        f'<svg y="-44" width="100%" overflow="visible">{_bar(table)}</svg></svg>'
    )


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal that never rounds something to nothing, nor nearly all to all."""
    if part in {0, whole}:
        return "100%" if part else "0%"
    share = 100 * part / whole
    if share < 0.1:
        return "<0.1%"
    return ">99.9%" if share > 99.9 else f"{share:.1f}%"


def in_rows(count: int) -> str:
    """Return a number of rows in words: 1 row, 1,200 rows."""
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def widths(table: Iterable[CountRow]) -> dict[str, float]:
    """Return each name's percent of the bar, if it has rows: its share, never too little to be seen."""
    drawn = {one.name: one.rows for one in table if one.rows}
    total = sum(drawn.values())
    raised = {name for name, count in drawn.items() if 100 * count < _SMALLEST_PERCENT * total}
    left = 100 - _SMALLEST_PERCENT * len(raised)
    large = total - sum(drawn[name] for name in raised)
    return {
        name: _SMALLEST_PERCENT if name in raised else left * count / large for name, count in drawn.items()
    }


def _short(count: int) -> str:
    """Exact as long as it fits beside its name on a small screen."""
    return f"{count:,}" if count < 10_000_000 else f"{count / 1e6:,.1f}M"


def _bar(table: Sequence[CountRow]) -> str:
    parts = []
    start = 0.0
    share = widths(table)
    for one in table:
        if not one.rows:
            continue
        width = share[one.name]
        parts.append(
            f'<rect class="ob-{one.colour} ob-part" x="{start:.3f}%" y="44" width="{width:.3f}%" height="28" '
            f'fill="{PALETTE[one.colour][0]}" stroke="{GROUND[0]}" stroke-width="1.5">'
            f"<title>{one.name}: {one.rows:,}</title></rect>"
        )
        start += width
    return (
        '<clipPath id="outcome-clip"><rect y="44" width="100%" height="28" rx="5"/></clipPath>'
        '<g clip-path="url(#outcome-clip)">'
        f'<rect y="44" width="100%" height="28" fill="{QUIET[0]}" fill-opacity=".2"/>{"".join(parts)}</g>'
    )


def _legend(table: Sequence[CountRow], rows: int, left: str) -> str:
    lines = []
    for row, one in enumerate(table):
        y = 105 + 24 * row
        ink, colour = ("ob-ink", INK[0]) if one.rows else ("ob-quiet", QUIET[0])
        lines.append(
            f'<rect class="ob-{one.colour}" y="{y - 11}" width="13" height="13" rx="3" '
            f'fill="{PALETTE[one.colour][0]}"/>'
            f'<text class="{ink}" x="21" y="{y}" fill="{colour}">{one.name}</text>'
            f'<text class="{ink} ob-count" x="100%" y="{y}" text-anchor="end" '
            f'transform="translate(-{_SHARE_WIDTH} 0)" fill="{colour}">{_short(one.rows)}</text>'
            f'<text class="ob-quiet ob-share" x="100%" y="{y}" text-anchor="end" fill="{QUIET[0]}">'
            f"{escape(percent(one.rows, rows))}</text>"
        )
    return f'<svg x="{left}" width="47%" overflow="visible">{"".join(lines)}</svg>'


def _style() -> str:
    """What attributes cannot say: the dark palette, and fewer words on a narrow screen."""
    dark = "".join(f".ob-{name}{{fill:{colours[1]}}}" for name, colours in PALETTE.items())
    return (
        ".ob-count,.ob-share{font-variant-numeric:tabular-nums}"
        "@media (max-width:640px){.ob-share{display:none}.ob-count{transform:none}}"
        "@media (prefers-color-scheme:dark){"
        f"{dark}.ob-ground{{fill:{GROUND[1]}}}.ob-part{{stroke:{GROUND[1]}}}"
        f".ob-ink{{fill:{INK[1]}}}.ob-quiet{{fill:{QUIET[1]}}}}}"
    )
