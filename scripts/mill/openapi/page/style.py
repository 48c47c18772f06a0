"""The look of the page: one stylesheet, light and dark, from a phone to a desktop, and for paper."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f2f4f7; --card: #ffffff; --ink: #1b2430; --quiet: #5a6675; --line: #dde2e9; --code: #f2f4f7;
  --note: #1f5f99; --get: #1f5f99; --post: #0b7a4b; --patch: #8a5a00; --delete: #962d06;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #171c24; --ink: #e8ecf1; --quiet: #a3afbd; --line: #2c3440; --code: #0e1116;
    --note: #8fcbf5; --get: #8fcbf5; --post: #2fb380; --patch: #e0b04a; --delete: #ff9a6b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 140px; }
body {
  margin: 0; padding: 32px 20px 64px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere;
}
header, main, footer { max-width: 960px; margin: 0 auto; }
h1 { margin: 0 0 4px; font-size: 26px; line-height: 1.25; }
h2 { margin: 40px 0 4px; font-size: 20px; }
h4 { margin: 20px 0 6px; font-size: 15px; }
p { margin: 0 0 12px; }
.quiet { color: var(--quiet); }
a { color: var(--note); text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--note); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 20px; top: 8px; padding: 8px 12px; background: var(--card); }
nav ul { display: flex; flex-wrap: wrap; gap: 6px 16px; margin: 12px 0; padding: 0; list-style: none; }
.filter { position: sticky; top: 0; z-index: 1; padding: 10px 0; background: var(--page); }
.filter input {
  width: 100%; padding: 10px 14px; font: inherit; color: inherit; background: var(--card);
  border: 1px solid var(--quiet); border-radius: 8px;
}
.filter input::placeholder { color: var(--quiet); opacity: 1; }
#found { display: block; min-height: 24px; margin-top: 4px; }
article { margin-top: 8px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
article > details > summary {
  display: grid; grid-template-columns: 64px minmax(0, 1fr) 10px; gap: 0 12px;
  padding: 12px 16px; cursor: pointer;
}
article > details > summary::after {
  content: ""; grid-column: 3; grid-row: 1; width: 8px; height: 8px; margin-top: 6px;
  transform: rotate(45deg); border: solid var(--quiet); border-width: 0 2px 2px 0;
}
article > details[open] > summary::after { margin-top: 10px; transform: rotate(-135deg); }
article > details > summary::-webkit-details-marker { display: none; }
article > details > summary { list-style: none; }
article > details[open] > summary { border-bottom: 1px solid var(--line); }
summary h3 { margin: 0; font-size: 15px; font-weight: 600; }
summary .address { grid-column: 2; font-size: 14px; color: var(--quiet); }
.method { font-size: 13px; font-weight: 700; line-height: 24px; }
.get { color: var(--get); } .post { color: var(--post); } .put, .patch { color: var(--patch); }
.delete { color: var(--delete); }
.inside { padding: 12px 16px 16px; }
code, pre { font: 13px/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
pre {
  margin: 0 0 12px; padding: 12px; overflow-x: auto; background: var(--code); border-radius: 6px;
  border: 1px solid var(--line); white-space: pre-wrap;
}
.line { position: relative; }
.line button { position: absolute; top: 6px; right: 6px; }
.line pre { padding-right: 84px; }
button {
  padding: 4px 10px; font: 13px/1.4 system-ui, sans-serif; color: var(--ink); background: var(--card);
  border: 1px solid var(--quiet); border-radius: 6px; cursor: pointer;
}
table { width: 100%; border-collapse: collapse; font-size: 15px; }
th, td { padding: 8px 12px 8px 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-top: 0; font-size: 13px; font-weight: 500; color: var(--quiet); }
tbody th { font-weight: 500; width: 30%; }
td p:last-child { margin-bottom: 0; }
.inside details { margin-bottom: 12px; }
.inside summary { cursor: pointer; color: var(--note); }
[hidden] { display: none !important; }
@media (max-width: 560px) {
  body { padding: 20px 12px 40px; }
  article > details > summary { grid-template-columns: minmax(0, 1fr) 10px; }
  article > details > summary::after { grid-column: 2; }
  summary h3, summary .address { grid-column: 1; }
  thead { position: absolute; width: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { display: block; padding: 8px 0; border-top: 1px solid var(--line); }
  th, td { display: block; width: auto !important; border: 0; padding: 0; }
  .line pre { padding-right: 12px; padding-top: 40px; }
}
@media print {
  :root { --page: #fff; --card: #fff; }
  .filter, .line button { display: none; }
  article { break-inside: avoid; }
}
"""
