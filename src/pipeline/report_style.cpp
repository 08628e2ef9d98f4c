#include "pipeline/report_style.h"

namespace reelswap {

const std::string_view kReportStyle = R"css(
:root { color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1f2328; --soft: #646b75; --line: #e3e0da; --link: #1c5fa8;
  --good: #2b7a4b; --bad: #b3261e; --bad-paper: #fdf1ef; --warn: #8a5a00; --warn-paper: #fdf6e6;
  --s0: #4c78a8; --s1: #e39b4a; --s2: #6aa584; --s3: #b36a8c; --s4: #8b7bb8; --s5: #6fa8b5; --s6: #9c8a6a; --s7: #8f9399; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #16181b; --card: #1e2125; --ink: #e4e6e8; --soft: #989fa8; --line: #32363c; --link: #84b6ec;
  --good: #6cc490; --bad: #f28b82; --bad-paper: #2c1d1c; --warn: #e2b45c; --warn-paper: #2a2418;
  --s0: #6f9bcb; --s1: #d99a54; --s2: #77b391; --s3: #c481a2; --s4: #9d8fc9; --s5: #7ab4c1; --s6: #ab9a7b; --s7: #8a8f96; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  -webkit-text-size-adjust: 100%; overflow-wrap: anywhere; }
main, header, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.75rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; }
h2 { margin: 2.75rem 0 .75rem; font-size: 1.05rem; font-weight: 650; }
h3 { margin: 0; font-size: 1rem; font-weight: 600; }
p { margin: .35rem 0; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .15em; }
.kicker, .soft, th, figcaption, footer { color: var(--soft); }
.kicker { margin: 0 0 .3rem; font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; }
.result { margin: 1rem 0 0; font-size: 1.25rem; font-weight: 600; }
.result::before { content: ""; display: inline-block; width: .62em; height: .62em; margin-right: .5em; border-radius: 50%; background: currentColor; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1.5rem; margin: .3rem 0 0; }
.notice { margin: 0 0 .75rem; padding: .8rem 1rem; border-left: 3px solid var(--bad); background: var(--bad-paper); border-radius: 0 6px 6px 0; }
.notice.warning { border-color: var(--warn); background: var(--warn-paper); }
.notice p { white-space: pre-line; }
.cure { font-weight: 600; }
.cure::before { content: "\2192\00a0"; }
.small { font-size: .86rem; font-weight: 400; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; margin: 0 0 1rem; min-width: 0; }
figure { margin: .75rem 0 0; }
figcaption { margin-top: .3rem; font-size: .86rem; }
video, img { display: block; max-width: 100%; border-radius: 4px; background: #0002; }
video { width: 100%; max-height: 26rem; background: #000; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 1rem; align-items: start; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th { text-align: left; font-weight: 500; font-size: .82rem; vertical-align: bottom; }
th, td { padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); }
td { vertical-align: top; }
td:last-child, th:last-child { padding-right: 0; }
.n { text-align: right; white-space: nowrap; }
td, dd, .facts { font-variant-numeric: tabular-nums; }
th:first-child { width: 34%; } th:last-child { width: 24%; }
.state { white-space: nowrap; }
tfoot td { font-weight: 600; border-bottom: 0; }
.chip { display: inline-block; margin: 0 .7rem 0 0; white-space: nowrap; color: var(--soft); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .6rem 1.25rem; margin: .7rem 0 0; }
dt { color: var(--soft); font-size: .82rem; }
dd { margin: 0; font-size: 1.05rem; }
dl.people { grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); }
.bar { display: flex; gap: 2px; height: .6rem; margin: .8rem 0 .45rem; border-radius: 4px; overflow: hidden; }
.bar i { display: block; min-width: 2px; }
.key { display: inline-block; white-space: nowrap; margin-right: 1.1rem; font-size: .86rem; }
.key i { display: inline-block; width: .6em; height: .6em; margin-right: .4em; border-radius: 2px; }
.c0 { background: var(--s0); } .c1 { background: var(--s1); } .c2 { background: var(--s2); } .c3 { background: var(--s3); }
.c4 { background: var(--s4); } .c5 { background: var(--s5); } .c6 { background: var(--s6); } .c7 { background: var(--s7); }
table.stages { max-width: 34rem; }
table.stages td { padding-top: .2rem; padding-bottom: .2rem; }
ul { margin: .7rem 0; padding-left: 1.2rem; }
td .chip:last-child { margin-right: 0; }
tfoot .chip { font-weight: 400; }
dl.people dd { font-size: 1rem; }
img { outline: 1px solid var(--line); outline-offset: -1px; }
summary { cursor: pointer; color: var(--link); }
footer { margin-top: 3.5rem; padding-top: 1rem; padding-bottom: 3rem; font-size: .86rem; border-top: 1px solid var(--line); }
@media (max-width: 42rem) {
  header { padding-top: 1.75rem; } h1 { font-size: 1.5rem; } main, header, footer { padding-left: 1rem; padding-right: 1rem; }
  thead { display: none; } table, tbody, tfoot, tr, td { display: block; }
  tr { padding: .7rem 0; border-bottom: 1px solid var(--line); }
  td, .n { display: flex; justify-content: space-between; gap: 1.5rem; padding: .1rem 0; border: 0; text-align: right; white-space: normal; }
  td[data-label]::before { content: attr(data-label); flex: none; color: var(--soft); font-weight: 400; }
  td:first-child { font-weight: 600; text-align: left; }
  td:empty { display: none; }
}
@media print { .card, .notice { break-inside: avoid; } }
)css";

}  // namespace reelswap
