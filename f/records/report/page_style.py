"""The frame and look of our pages: one stylesheet, light and dark, for screens from 320 px and for paper."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from f.records.report.palette import GROUND, PALETTE

_SWATCHES = "".join(f".{name}{{--swatch:{light}}}" for name, (light, _) in PALETTE.items())
_DARK_SWATCHES = "".join(f".{name}{{--swatch:{dark}}}" for name, (_, dark) in PALETTE.items())

STYLE = f"""
:root {{
  color-scheme: light dark;
  --page: #f2f4f7; --card: {GROUND[0]}; --ink: #1b2430; --quiet: #5a6675; --line: #dde2e9;
  --good: #0b7a4b; --alert: #962d06; --alert-ground: #fdf0e9; --note: #1f5f99; --note-ground: #eaf3fb;
}}
{_SWATCHES}
@media (prefers-color-scheme: dark) {{
  :root {{
    --page: #0e1116; --card: {GROUND[1]}; --ink: #e8ecf1; --quiet: #a3afbd; --line: #2c3440;
    --good: #2fb380; --alert: #ff9a6b; --alert-ground: #33201a; --note: #8fcbf5; --note-ground: #17283a;
  }}
  {_DARK_SWATCHES}
}}
* {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; }}
body {{
  margin: 0; padding: 32px 20px 48px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere;
}}
main {{ max-width: 800px; margin: 0 auto; }}
h1 {{ margin: 0 0 4px; font-size: 15px; font-weight: 600; color: var(--quiet); }}
h2 {{ margin: 0 0 12px; font-size: 18px; line-height: 1.3; }}
p {{ margin: 0 0 12px; }}
p:last-child, ol:last-child {{ margin-bottom: 0; }}
ol {{ margin: 0; padding-left: 22px; }}
li + li {{ margin-top: 6px; }}
section, aside {{
  margin-top: 16px; padding: 20px 24px;
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}}
code {{ font: 0.9em ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }}
.verdict {{ font-size: 26px; font-weight: 650; line-height: 1.25; }}
.verdict .good {{ color: var(--good); }}
.verdict .alert {{ color: var(--alert); }}
.quiet {{ color: var(--quiet); }}
.banner {{ border-left-width: 5px; }}
.banner.stop {{ background: var(--alert-ground); border-color: var(--alert); }}
.banner.dry {{ background: var(--note-ground); border-color: var(--note); }}
.bar {{ margin: 0 0 20px; }}
.bar > svg {{ display: block; }}
a {{ color: var(--note); font-weight: 600; text-underline-offset: 2px; }}
a:focus-visible {{ outline: 2px solid var(--note); outline-offset: 2px; border-radius: 3px; }}
.next {{ border-left: 5px solid var(--good); }}
.next .alert {{ color: var(--alert); }}
.next code {{ padding: 1px 5px; border-radius: 4px; background: var(--page); }}
.next .quiet {{ margin: 12px 0 0; font-size: 14px; }}
.next .quiet code {{ padding: 0; background: none; }}
table {{ width: 100%; border-collapse: collapse; font-size: 15px; }}
caption {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
th, td {{
  padding: 8px 14px 8px 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top;
}}
th:last-child, td:last-child {{ padding-right: 0; }}
thead th {{ border-top: 0; padding-top: 0; font-size: 13px; font-weight: 500; color: var(--quiet); }}
tbody th {{ font-weight: 500; }}
tfoot th, tfoot td {{ border-top-width: 2px; }}
tfoot th, tfoot .number {{ font-weight: 650; }}
.number {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
.share {{ padding-right: 28px; color: var(--quiet); }}
.unit {{ display: none; }}
.none > * {{ color: var(--quiet); font-weight: 400; }}
.outcome {{ white-space: nowrap; overflow-wrap: normal; }}
.outcome::before {{
  content: ""; display: inline-block; width: 11px; height: 11px; margin-right: 9px; border-radius: 3px;
  background: var(--swatch, transparent); border: 1px solid var(--swatch, var(--quiet));
}}
.reason {{ font-weight: 600; }}
.examples {{ margin: 6px 0 0; padding: 0; list-style: none; font-size: 14px; color: var(--quiet); }}
.examples li + li {{ margin-top: 2px; }}
.value, .before, .after {{ white-space: pre-wrap; }}
.value {{ color: var(--ink); }}
.said {{ padding-left: 14px; border-left: 2px solid var(--line); }}
.before {{ color: var(--quiet); text-decoration: line-through; text-decoration-color: var(--alert); }}
.notes {{ margin: 20px 0 0; padding-left: 20px; }}
.repairs td:first-child {{ width: 12%; text-align: left; }}
.repairs tbody th {{ width: 24%; }}
.words tbody th {{ width: 38%; }}
.words tbody td:nth-child(3) {{ width: 32%; }}
dl {{
  margin: 0; display: grid; gap: 16px 20px; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr));
}}
dt {{ font-size: 13px; color: var(--quiet); }}
dd {{ margin: 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; }}
.words dd {{ font-size: 16px; font-weight: 500; }}
dl + table, dl + p, .notes + table, .repairs + p, .plan > * + * {{ margin-top: 20px; }}
.plan .alert {{ color: var(--alert); }}
footer {{ margin-top: 20px; font-size: 14px; color: var(--quiet); }}
@media (max-width: 560px) {{
  body {{ padding: 20px 12px 32px; }}
  section, aside {{ padding: 16px; }}
  .verdict {{ font-size: 22px; }}
  .share {{ display: none; }}
  .unit {{ display: inline; }}
  .reasons thead {{ position: absolute; width: 1px; overflow: hidden; clip-path: inset(50%); }}
  .reasons tr {{
    display: grid; grid-template-columns: 1fr auto; padding: 10px 0; border-top: 1px solid var(--line);
  }}
  .reasons tr:first-child {{ border-top: 0; padding-top: 0; }}
  .reasons th, .reasons td {{ border: 0; padding: 0; }}
  .reasons .why {{ grid-column: 1 / -1; grid-row: 2; padding-top: 4px; }}
}}
@media print {{
  :root {{ --page: #fff; }}
  body {{ padding: 0; font-size: 11pt; }}
  aside, tr, li, .bar, dl > div {{ break-inside: avoid; }}
  h2 {{ break-after: avoid; }}
  .outcome::before, svg {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
}}
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, parts: Iterable[str], style: str = "") -> str:
    """Return a page that needs nothing else and forbids scripts and loading. Empty parts are left out.

    `style` comes after the stylesheet. The parts are HTML; the title is escaped here.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, parts))
        + "\n</main>\n</body>\n</html>\n"
    )
