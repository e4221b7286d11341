// The panels around the timeline. Preact puts every value in as text; nothing of a history is ever
// parsed as markup.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { EVERYTHING, type Filter } from "./filter";
import { lowerBound, OUTCOME_CLASSES, OUTCOMES, type Run } from "./run";
import type { Timeline } from "./timeline";

const TABLE_ROWS = 200, CHOICES = 200;

function Choice(props: { name: string; value: string; options: string[]; onChange: (value: string) => void }) {
  if (props.options.length < 2) return null;
  return <label class="choice">{props.name}
    <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
      <option value="">all</option>
      {props.options.map((option) => <option key={option} value={option}>{option || "(none)"}</option>)}
    </select>
  </label>;
}

const sorted = (texts: Run["keys"]) => {
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  return Array.from({ length: Math.min(texts.size, CHOICES) }, (_, i) => texts.at(i)).filter((text) => text).sort(compare);
};

export function Tools({ timeline: t }: { timeline: Timeline }) {
  const { run } = t, count = t.painter.found.length;
  const [choices] = useState(() => ({ kinds: sorted(run.kinds), nodes: sorted(run.nodes), keys: sorted(run.keys) }));
  const set = (part: Partial<Filter>) => t.setFilter({ ...t.filter, ...part });
  const button = (act: string, name: string, text: ComponentChildren) =>
    <button type="button" data-act={act} title={name} aria-label={name} onClick={() => t.act(act)}>{text}</button>;
  return <>
    <div class="toolbar" role="group" aria-label="Timeline">
      {button("in", "Zoom in (+)", "+")}{button("out", "Zoom out (-)", "−")}
      {button("left", "Earlier (left arrow)", "←")}{button("right", "Later (right arrow)", "→")}
      <button type="button" data-act="fit" title="The whole run (0)" onClick={() => t.act("fit")}>Whole run</button>
      {run.anomalies.length > 0 && <>
        <button type="button" data-act="before" title="Previous anomaly (p)" onClick={() => t.act("before")}>Previous anomaly</button>
        <button type="button" data-act="anomaly" title="Next anomaly (n)" onClick={() => t.act("anomaly")}>Next anomaly</button>
      </>}
      <output id="range" aria-live="off">{run.momentText(t.view.from, 3)} – {run.momentText(t.view.to, 3)}</output>
    </div>
    <div class="toolbar" role="search" aria-label="Find and filter operations">
      <label class="choice">Find
        <input id="find" type="search" placeholder="value, key, error or #event" value={t.needle} autocomplete="off" spellcheck={false}
          onInput={(event) => t.search(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") { event.preventDefault(); t.stepFound(event.shiftKey ? -1 : 1); }
            if (event.key === "Escape") { t.search(""); t.canvas.focus(); }
          }} />
      </label>
      <output id="found" aria-live="polite">{t.needle ? `${count.toLocaleString("en")} found${t.foundAt >= 0 ? `, at ${t.foundAt + 1}` : ""}` : ""}</output>
      {t.needle && count > 0 && <button type="button" onClick={() => t.stepFound(1)}>Next match</button>}
      <Choice name="Kind" value={t.filter.kind} options={choices.kinds} onChange={(kind) => set({ kind })} />
      <Choice name="Outcome" value={t.filter.outcome} options={OUTCOMES} onChange={(outcome) => set({ outcome })} />
      <Choice name="Node" value={t.filter.node} options={choices.nodes} onChange={(node) => set({ node })} />
      {run.meta.keyed && run.keys.size <= CHOICES &&
        <Choice name="Key" value={t.filter.key} options={choices.keys} onChange={(key) => set({ key })} />}
      {t.shown && <button type="button" onClick={() => t.setFilter(EVERYTHING)}>Show all</button>}
      {choices.nodes.length > 1 && <label class="choice">Lanes by
        <select value={t.grouping} onChange={(event) => t.group(event.currentTarget.value as "process" | "node")}>
          <option value="process">process</option><option value="node">node</option>
        </select>
      </label>}
    </div>
  </>;
}

export function TipBox({ timeline: t }: { timeline: Timeline }) {
  if (!t.tip) return <div id="tip" hidden />;
  const { clientWidth, clientHeight } = t.canvas.parentElement!, { x, y, text } = t.tip;
  const left = x > clientWidth * 0.6 ? { right: `${clientWidth - x + 16}px` } : { left: `${x + 16}px` };
  const top = y > clientHeight * 0.6 ? { bottom: `${clientHeight - y + 14}px` } : { top: `${y + 18}px` };
  return <div id="tip" style={{ ...left, ...top }}>{text}</div>;
}

function Operation({ timeline: t, op, title }: { timeline: Timeline; op: number; title: string }) {
  const { run } = t, pinned = t.painter.pinned.includes(op);
  const numbers = run.witness.has(op) ? run.anomalies.flatMap((a, i) => a.ops.includes(op) ? [i + 1] : []) : [];
  return <section class="operation" aria-label={title}>
    <header><h3>{title}</h3>
      <button type="button" onClick={() => t.pin(op)}>{pinned ? "Unpin" : "Pin"}</button></header>
    <dl>
      {run.describe(op).map(([name, value]) => <div key={name}><dt>{name}</dt><dd><bdi>{value}</bdi></dd></div>)}
      {numbers.length > 0 && <div><dt>witness of</dt><dd>{numbers.map((n) => <a key={n} href={`#anomaly-${n}`}>anomaly {n} </a>)}</dd></div>}
    </dl>
  </section>;
}

export function Details({ timeline: t }: { timeline: Timeline }) {
  const { selected, pinned } = t.painter;
  return <>
    {selected >= 0 && !pinned.includes(selected) && <Operation timeline={t} op={selected} title="Selected operation" />}
    {pinned.map((op) => <Operation key={op} timeline={t} op={op} title={op === selected ? "Selected operation (pinned)" : "Pinned operation"} />)}
  </>;
}

/// The same as the picture, for those who do not see it.
export function ViewTable({ timeline: t }: { timeline: Timeline }) {
  const [open, setOpen] = useState(false);
  return <details id="view-table" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
    <summary>The operations in view, as a table</summary>
    {open && <Rows timeline={t} />}
  </details>;
}

function Rows({ timeline: t }: { timeline: Timeline }) {
  const { run } = t, { ops, more } = t.inView(TABLE_ROWS);
  return <div class="scroll" tabIndex={0} role="region" aria-label="Operations in view"><table>
    <caption>{more ? `The first ${TABLE_ROWS} operations in view; zoom in to see fewer.` : `${ops.length} operations in view.`}</caption>
    <thead><tr>{["Event", "Process", "Operation", "Outcome", "Start", "End"].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
    <tbody>{ops.map((op) => <tr key={op}>
      <td class="n"><button type="button" onClick={() => t.select(op)}>{run.event[op]}</button></td>
      <td class="n">{run.process(op)}</td>
      <td class="v"><bdi>{run.meta.keyed ? `${run.key(op)}: ` : ""}{run.label(op)}</bdi></td>
      <td class={OUTCOME_CLASSES[run.outcome[op]!]}>{OUTCOMES[run.outcome[op]!]}</td>
      <td class="n">{run.momentText(run.start[op]!)}</td>
      <td class="n">{run.returned(op) ? run.momentText(run.drawnEnd(op)) : "never returned"}</td>
    </tr>)}</tbody>
  </table></div>;
}

/// The lines of the nodes' logs in view.
export function LogTable({ timeline: t }: { timeline: Timeline }) {
  const { run, view } = t, { logs } = run;
  const [open, setOpen] = useState(false);
  if (logs.size === 0) return null;
  const first = lowerBound(logs.size, (i) => logs.time[i]! >= view.from);
  const last = lowerBound(logs.size, (i) => logs.time[i]! > view.to), to = Math.min(last, first + TABLE_ROWS);
  return <details id="log-table" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
    <summary>The nodes' logs in view ({(last - first).toLocaleString("en")} lines)</summary>
    {open && <div class="scroll" tabIndex={0} role="region" aria-label="Log lines in view"><table>
      <caption>{last > to ? `The first ${TABLE_ROWS} lines in view; zoom in to see fewer.` : "All lines in view."}</caption>
      <thead><tr>{["Time", "Node", "Line"].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody>{Array.from({ length: to - first }, (_, k) => first + k).map((i) => <tr key={i}>
        <td class="n">{run.momentText(logs.time[i]!, 3)}</td><td><bdi>{logs.nodes.at(logs.nodeIds[i]!)}</bdi></td>
        <td class={`v ${["", "info", "fail"][logs.level[i]!]}`}><bdi>{logs.texts.at(logs.textIds[i]!)}</bdi></td>
      </tr>)}</tbody>
    </table></div>}
  </details>;
}
