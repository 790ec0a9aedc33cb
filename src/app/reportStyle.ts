/** The page's own style: no font or file from elsewhere, dark where the reader's system is, black on white in print. Holds no `<` and no `&`, so that it needs no escaping. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --ink: #1c2024; --quiet: #5b6570; --line: #d5dae0; --panel: #f5f7f9;
  --sent: #0064a8; --failed: #b84300; --uncertain-fill: #b87a00; --link: #0064a8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --ink: #e4e8ec; --quiet: #9aa5b1; --line: #343b43; --panel: #1d2126;
    --sent: #58b0ee; --failed: #f08a4b; --uncertain-fill: #eab84a; --link: #7cc3f5;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem;
  background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.75rem; border-bottom: 1px solid var(--line); padding-bottom: 0.25rem; }
p { margin: 0.4rem 0; }
.quiet { color: var(--quiet); }
.totals { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: 0.6rem; margin: 1.25rem 0 0; }
.totals div { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem 0.75rem; }
.totals dt { color: var(--quiet); font-size: 0.85rem; }
.totals dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; line-height: 1.3; }
.needs { list-style: none; padding: 0; margin: 0; }
.needs li { border-left: 4px solid var(--uncertain-fill); background: var(--panel); padding: 0.5rem 0.9rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
code { font: 0.9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
figure { margin: 0; }
svg { display: block; max-width: 100%; height: auto; }
svg text { fill: var(--ink); font-size: 12px; font-family: inherit; }
svg text.quiet { fill: var(--quiet); }
.grid { stroke: var(--line); stroke-width: 1; }
.sent { fill: var(--sent); } .failed { fill: var(--failed); } .uncertain { fill: var(--uncertain-fill); } .track { fill: var(--panel); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; margin: 0.5rem 0; font-size: 0.9rem; }
.legend svg { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em; vertical-align: -0.05em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.93rem; margin: 0.5rem 0; }
caption { text-align: left; color: var(--quiet); padding: 0.25rem 0; }
th, td { text-align: left; padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
thead th { color: var(--quiet); font-size: 0.85rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.share { width: 30%; min-width: 5rem; padding-right: 0; vertical-align: middle; }
td.share svg { width: 100%; height: 0.75rem; }
td.words { overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--link); padding: 0.25rem 0; }
footer { margin-top: 3rem; color: var(--quiet); font-size: 0.85rem; border-top: 1px solid var(--line); padding-top: 0.75rem; }
@media print {
  :root {
    color-scheme: light;
    --ground: #ffffff; --ink: #000000; --quiet: #444444; --line: #bbbbbb; --panel: #ffffff;
    --sent: #0064a8; --failed: #b84300; --uncertain-fill: #b87a00; --link: #000000;
  }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2 { break-after: avoid; }
  figure, tr, .totals div, .needs li { break-inside: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
