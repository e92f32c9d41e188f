"""How the page looks: one style sheet for light, dark and paper.

Colours of series follow Okabe and Ito's palette, which the colour-blind can tell apart, darkened on white.
"""

STYLE = """
:root { --ink:#1d2126; --paper:#ffffff; --soft:#5a6470; --line:#d5dae0; --card:#f6f7f9; --bad:#a3241b;
  --reference:#cfd5dc; --oxygen:#c8201a; --nitrogen:#1f4fd8; --fluorine:#14807a;
  --series-0:#0072b2; --series-1:#c75000; --series-2:#00795a; --series-3:#a4437f; --series-4:#8a6d00;
  --series-5:#3a87b7; }
@media (prefers-color-scheme: dark) { :root { --ink:#e6e9ed; --paper:#14171b; --soft:#a3adb8; --line:#39414a;
  --card:#1d2228; --bad:#ff9a8f; --reference:#454e58; --oxygen:#ff7b72; --nitrogen:#84a9ff;
  --fluorine:#5fd3c8; --series-0:#56b4e9; --series-1:#f0904a; --series-2:#35c79a; --series-3:#e09ac4;
  --series-4:#e6c845; --series-5:#9ecbe8; } }
@media print { :root { --ink:#000; --paper:#fff; --soft:#444; --line:#bbb; --card:#fff; --bad:#8a1c14;
  --reference:#ccc; --oxygen:#c8201a; --nitrogen:#1f4fd8; --fluorine:#14807a; --series-0:#0072b2;
  --series-1:#c75000; --series-2:#00795a; --series-3:#a4437f; --series-4:#8a6d00; --series-5:#3a87b7; }
  section, figure, tr { break-inside: avoid; } .scroll { overflow: visible; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--paper); color:var(--ink); font:16px/1.5 system-ui, sans-serif; }
main { max-width:1080px; margin:0 auto; padding:1.5rem 1rem 4rem; }
h1 { font-size:1.6rem; margin:0 0 1rem; overflow-wrap:anywhere; }
h2 { font-size:1.2rem; margin:2.5rem 0 .5rem; padding-bottom:.3rem; border-bottom:1px solid var(--line); }
h3 { font-size:1rem; margin:1.5rem 0 .25rem; }
.note, .caption, figcaption small { color:var(--soft); }
.note { margin:.25rem 0 1rem; max-width:75ch; }
dl { display:grid; grid-template-columns:minmax(6rem,max-content) 1fr; gap:.25rem 1rem; margin:0; }
dt { color:var(--soft); } dd { margin:0; overflow-wrap:anywhere; }
.scroll { overflow-x:auto; margin:.3rem 0 1.5rem; }
.scroll:focus-visible { outline:2px solid var(--series-0); outline-offset:2px; }
table { border-collapse:collapse; width:100%; min-width:38rem; font-variant-numeric:tabular-nums;
  font-size:.92rem; }
.caption { margin:1.2rem 0 0; font-size:.9rem; }
th, td { padding:.35rem .8rem .35rem 0; text-align:left; vertical-align:top;
  border-bottom:1px solid var(--line); }
thead th { font-weight:600; border-bottom-color:var(--soft); }
thead th:first-child { width:24%; }
tbody th { font-weight:500; }
td { min-width:4.5rem; }
.panels { display:grid; grid-template-columns:repeat(auto-fill,minmax(270px,1fr)); gap:1rem; }
.cards { display:grid; grid-template-columns:repeat(auto-fill,minmax(210px,1fr)); gap:1rem; }
figure { margin:0; min-width:0; }
.cards figure { background:var(--card); border:1px solid var(--line); border-radius:6px; padding:.6rem; }
figcaption { font-size:.85rem; overflow-wrap:anywhere; }
svg { display:block; max-width:100%; height:auto; margin:0 auto; }
svg text { font-family:system-ui, sans-serif; }
.undrawn { display:grid; place-items:center; height:170px; color:var(--soft); text-align:center; }
.fault { display:block; color:var(--bad); }
.legend { list-style:none; display:flex; flex-wrap:wrap; gap:.25rem 1.2rem; margin:.25rem 0 1rem; padding:0;
  font-size:.9rem; }
.swatch { display:inline-block; width:.9rem; height:.9rem; border-radius:2px; margin-right:.4rem;
  vertical-align:-.1rem; print-color-adjust:exact; }
"""
