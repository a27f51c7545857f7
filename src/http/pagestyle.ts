/** How the page looks: by light and by dark, on a phone too, and with words wherever there are colours. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ok: #1a7f37; --warn: #9a6700; --bad: #cf222e; --line: #8884; --dim: #6b7280; }
@media (prefers-color-scheme: dark) { :root { --ok: #3fb950; --warn: #d29922; --bad: #f85149; --dim: #9ca3af; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
header { border-left: .5rem solid var(--mark); padding: .25rem 1rem; }
header p { margin: .25rem 0 0; }
.healthy, .ok { --mark: var(--ok); }
.degraded, .warning { --mark: var(--warn); }
.unhealthy, .critical { --mark: var(--bad); }
.info { --mark: var(--dim); }
.word { color: var(--mark, inherit); font-weight: 600; }
.dim { color: var(--dim); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { font-weight: 600; text-align: left; }
td, th { border-bottom: 1px solid var(--line); padding: .3rem .75rem .3rem 0; vertical-align: top; }
td.name { font-family: ui-monospace, monospace; white-space: nowrap; }
time { font-variant-numeric: tabular-nums; }
.ago { white-space: nowrap; }
dl { display: grid; gap: .15rem 1rem; grid-template-columns: max-content 1fr; margin: 0; }
dt { color: var(--dim); }
dd { margin: 0; }
`;
