// The run store as a page: search, filter, sort, what is running, findings over time, and the choice
// of two runs to compare. Preact puts every value in as text.
import { render } from "preact";
import { useState } from "preact/hooks";
import "./page.css";
import { COLUMNS, select, type Campaign, type FindingTrend, type Query, type Store, type StoredRun } from "./store";
import { setUpPage } from "./theme";

const BUSY_MS = 2000, IDLE_MS = 10000, ROWS = 300;
const VERDICTS: Record<string, [string, string]> = {
  pass: ["✓", "pass"], violation: ["✗", "violation"], unknown: ["?", "unknown"], unfinished: ["…", "unfinished"],
};

const address = (folder: string, file: string) => `run/${folder.split("/").map(encodeURIComponent).join("/")}/${file}`;
const different = (values: string[]) => [...new Set(values)].filter((value) => value).sort();
const size = (bytes: number) => bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

function Choice(props: { name: string; value: string; options: string[]; onChange: (value: string) => void }) {
  if (props.options.length < 2 && !props.value) return null;
  return <label class="choice">{props.name}
    <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
      <option value="">all</option>
      {props.options.map((option) => <option key={option} value={option}>{option}</option>)}
    </select>
  </label>;
}

function Verdict({ run }: { run: StoredRun }) {
  const [mark, name] = VERDICTS[run.verdict] ?? ["", run.verdict];
  const words = run.running ? "running" : name;
  return <span class={`verdict ${run.verdict}`} title={run.unknown_because}><span aria-hidden="true">{mark}</span> {words}</span>;
}

function CampaignProgress({ campaign }: { campaign: Campaign }) {
  return <div class="card"><h3>Campaign <bdi>{campaign.id}</bdi></h3>
    <p class="progress"><progress aria-label="Runs that ended" max={campaign.planned} value={campaign.ended} /> {campaign.ended} of at most {campaign.planned} runs</p>
    <div class="scroll" tabIndex={0} role="region" aria-label="Experiments"><table class="store"><thead><tr>
      {["Experiment", "Ended", "Passed", "Violations", "Neither"].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody>{campaign.experiments.map((each) => <tr key={each.name}>
        <th scope="row"><bdi>{each.name}</bdi>{each.canary && <small>canary: it must show a violation</small>}</th>
        <td class="n">{each.ended} of {each.planned}</td><td class="n">{each.pass}</td><td class="n">{each.violation}</td>
        <td class="n">{each.ended - each.pass - each.violation}</td></tr>)}</tbody></table></div></div>;
}

function Running({ store }: { store: Store }) {
  const runs = store.runs.filter((run) => run.running);
  const campaign = store.campaign?.running ? store.campaign : null;
  if (runs.length === 0 && !campaign) return null;
  return <section aria-labelledby="running-title"><h2 id="running-title">Running now</h2>
    {campaign && <CampaignProgress campaign={campaign} />}
    <ul class="running">{runs.map((run) => <li key={run.folder}>
      <strong><bdi>{run.target} {run.configuration} / {run.workload}</bdi></strong>, seed {run.seed}, since <bdi>{run.started}</bdi>: {size(run.bytes)} recorded
    </li>)}</ul></section>;
}

/// A mark a run, the oldest first: a filled one showed the finding.
function Marks({ trend }: { trend: FindingTrend }) {
  const shown = trend.occasions.slice(-60), step = 9;
  return <svg class="marks" width={shown.length * step} height="16" role="img"
    aria-label={`Shown in ${trend.seen} of ${trend.runs} runs; the last ${shown.length}: ${shown.map((run) => run.shown ? "shown" : "clean").join(", ")}`}>
    {shown.map((run, i) => <rect key={run.folder} class={run.shown ? "shown" : "clean"} x={i * step + 1} y={run.shown ? 1 : 6} width="6" height={run.shown ? 14 : 4}>
      <title>{`${run.started} ${run.folder}`}</title></rect>)}
  </svg>;
}

function Findings({ findings, query, set }: { findings: FindingTrend[]; query: Query; set: (part: Partial<Query>) => void }) {
  if (findings.length === 0) return null;
  return <section aria-labelledby="findings-title"><h2 id="findings-title">Findings over time</h2>
    <p class="note">A finding is an anomaly that is recognised in other runs by its shape. A tall mark is a run that showed it.</p>
    <div class="scroll" tabIndex={0} role="region" aria-label="Findings"><table class="store">
      <thead><tr>{["Finding", "Where", "Claim", "Runs, the oldest first", "How often"].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody>{findings.map((f) => <tr key={`${f.fingerprint} ${f.target}`}>
        <th scope="row"><bdi>{f.type}</bdi><br />
          <button type="button" aria-pressed={query.fingerprint === f.fingerprint}
            onClick={() => set({ fingerprint: query.fingerprint === f.fingerprint ? "" : f.fingerprint })}><code>{f.fingerprint}</code></button></th>
        <td class="where"><bdi>{f.target} {f.configuration} / {f.workload}</bdi></td>
        <td class="claim"><bdi>{f.claim}</bdi></td>
        <td><Marks trend={f} /></td>
        <td class={f.gone ? "pass" : "fail"}>{f.words}</td>
      </tr>)}</tbody>
    </table></div></section>;
}

function Runs({ store }: { store: Store }) {
  const [query, setQuery] = useState<Query>({ text: "", verdict: "", target: "", workload: "", campaign: "", fingerprint: "", sort: 0, down: true });
  const [picked, setPicked] = useState<string[]>([]);
  const set = (part: Partial<Query>) => setQuery({ ...query, ...part });
  const runs = select(store.runs, query), shown = runs.slice(0, ROWS);
  const pick = (folder: string) => setPicked(picked.includes(folder) ? picked.filter((f) => f !== folder) : [...picked.slice(-1), folder]);
  const [a, b] = [...picked].sort((x, y) => started(store, x).localeCompare(started(store, y)));
  return <>
    <Running store={store} />
    <Findings findings={store.findings} query={query} set={set} />
    <section aria-labelledby="runs-title"><h2 id="runs-title">All runs</h2>
      <div class="toolbar" role="search" aria-label="Find and filter runs">
        <label class="choice">Search <input id="find" type="search" autocomplete="off" spellcheck={false} value={query.text}
          onInput={(event) => set({ text: event.currentTarget.value })} /></label>
        <Choice name="Verdict" value={query.verdict} options={different(store.runs.map((r) => r.verdict))} onChange={(verdict) => set({ verdict })} />
        <Choice name="Target" value={query.target} options={different(store.runs.map((r) => r.target))} onChange={(target) => set({ target })} />
        <Choice name="Workload" value={query.workload} options={different(store.runs.map((r) => r.workload))} onChange={(workload) => set({ workload })} />
        <Choice name="Campaign" value={query.campaign} options={different(store.runs.map((r) => r.campaign))} onChange={(campaign) => set({ campaign })} />
        {query.fingerprint && <button type="button" onClick={() => set({ fingerprint: "" })}>Finding {query.fingerprint} ×</button>}
        <output id="count" aria-live="polite">{runs.length} of {store.runs.length} runs</output>
      </div>
      <p class="note picker">{a && b
        ? <a id="compare" href={`diff?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`}>Compare the two chosen runs</a>
        : `Choose ${picked.length === 1 ? "one more run" : "two runs"} to compare them.`}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Runs"><table class="store">
        <thead><tr><th scope="col">Compare</th>{COLUMNS.map((column, i) => <th key={column.name} scope="col" class={column.right ? "count" : ""}
          aria-sort={query.sort === i ? (query.down ? "descending" : "ascending") : "none"}>
          <button type="button" class="sort" onClick={() => set(query.sort === i ? { down: !query.down } : { sort: i, down: i === 0 || !!column.number })}>
            {column.name}{query.sort === i ? (query.down ? " ↓" : " ↑") : ""}</button></th>)}</tr></thead>
        <tbody>{shown.map((run) => <tr key={run.folder}>
          <td><input type="checkbox" aria-label={`Compare ${run.folder}`} checked={picked.includes(run.folder)} disabled={run.verdict === "unfinished"} onChange={() => pick(run.folder)} /></td>
          <td class="n">{!run.report ? <bdi>{run.started}</bdi> : <a href={address(run.folder, "report.html")}><bdi>{run.started}</bdi></a>}</td>
          <td><Verdict run={run} /></td>
          <td class="where"><bdi>{run.target}</bdi><small><bdi>{run.configuration}</bdi></small></td>
          <td><bdi>{run.workload}</bdi></td><td><bdi>{run.model}</bdi></td><td><bdi>{run.faults.join(", ")}</bdi></td>
          <td>{run.findings.map((f) => <div key={f.fingerprint} title={f.claim}><bdi>{f.type}</bdi> <code>{f.fingerprint}</code></div>)}</td>
          <td class="n count">{run.operations.toLocaleString("en").replaceAll(",", "\u202f")}</td><td class="n count">{run.duration.toFixed(1)} s</td><td class="n count">{run.seed}</td>
        </tr>)}</tbody>
      </table></div>
      {runs.length > ROWS && <p class="note">The first {ROWS} are shown; search or filter for others.</p>}
      {store.notes.length > 0 && <details><summary>{store.notes.length} folders could not be read</summary><ul>{store.notes.map((note) => <li key={note}><bdi>{note}</bdi></li>)}</ul></details>}
    </section>
  </>;
}

const started = (store: Store, folder: string) => store.runs.find((run) => run.folder === folder)?.started ?? "";

let known = "", timer = 0;

async function poll() {
  const trouble = document.getElementById("trouble")!;
  let next = IDLE_MS;
  try {
    const response = await fetch("api/store", { cache: "no-store" });
    const text = await response.text();
    if (!response.ok) throw new Error(`the server answered ${response.status}: ${text.trim()}`);
    const store: Store = JSON.parse(text);
    if (store.campaign?.running || store.runs.some((run) => run.running)) next = BUSY_MS;
    if (text !== known) render(<Runs store={store} />, document.getElementById("store")!);
    known = text;
    trouble.hidden = true;
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    const words = `The store could not be read: ${error instanceof Error ? error.message : error}. It is tried again.`;
    if (trouble.textContent !== words) trouble.textContent = words;
    trouble.hidden = false;
  }
  timer = setTimeout(poll, next);
}

// A page that nobody sees asks nothing.
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) void poll();
});
setUpPage();
void poll();
