// The run's data: what the page was given, and the columns unpacked into typed arrays.

const OK = 0, FAIL = 1, INFO = 2;
const OUTCOMES = ["acknowledged", "failed", "outcome unknown"];

function readMeta() {
  return JSON.parse(document.getElementById("meta").textContent);
}

async function readColumns() {
  const text = document.getElementById("columns").textContent;
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function summed(deltas) {
  const out = new Float64Array(deltas.length);
  let sum = 0;
  for (let i = 0; i < deltas.length; i++) out[i] = sum += deltas[i];
  return out;
}

// One lane a process. A process that never heard of its last operation is not used again: its
// successor gets a new number and here, if one begins later, the same lane.
function makeLanes(run) {
  const order = new Map();
  for (let i = 0; i < run.size; i++) {
    const process = run.process[i];
    if (!order.has(process)) order.set(process, { process, ops: [] });
    order.get(process).ops.push(i);
  }
  const byStart = [...order.values()].sort((a, b) => run.start[a.ops[0]] - run.start[b.ops[0]]);
  const lanes = [];
  for (const { process, ops } of byStart) {
    const first = run.start[ops[0]];
    let lane = lanes.find((l) => l.crashedAt !== null && l.crashedAt <= first);
    if (!lane) lanes.push(lane = { processes: [], ops: [], crashedAt: null });
    lane.processes.push(process);
    for (const op of ops) lane.ops.push(op);
    const last = ops[ops.length - 1];
    lane.crashedAt = run.outcome[last] === INFO && run.duration[last] >= 0
      ? run.start[last] + run.duration[last] : null;
  }
  lanes.sort((a, b) => a.processes[0] - b.processes[0]);
  lanes.forEach((lane, row) => {
    lane.ops = Uint32Array.from(lane.ops);
    for (const op of lane.ops) run.lane[op] = row;
  });
  return lanes;
}

function makeRun(meta, columns) {
  const size = columns.event.length;
  const run = {
    meta, size,
    event: summed(columns.event), start: summed(columns.start),
    duration: Float64Array.from(columns.duration), complete: Float64Array.from(columns.complete),
    process: Int32Array.from(columns.process), outcome: Uint8Array.from(columns.outcome),
    labelId: columns.label, keyId: columns.key, nodeId: columns.node, errorId: columns.error,
    labels: columns.labels, keys: columns.keys, nodes: columns.nodes, errors: columns.errors,
    lane: new Int32Array(size), witness: new Uint8Array(size), end: Math.max(1, meta.end),
    timed: meta.axis === "time",
  };
  run.lanes = makeLanes(run);
  run.byEvent = new Map();
  for (let i = 0; i < size; i++) run.byEvent.set(run.event[i], i);
  run.anomalies = meta.anomalies.map((anomaly) => {
    const ops = anomaly.witness.map((e) => run.byEvent.get(e)).filter((i) => i !== undefined);
    for (const op of ops) run.witness[op] = 1;
    return { type: anomaly.type, ops };
  });
  return run;
}

// Where the drawn bar of an operation ends; one that never returned is drawn to the end.
function drawnEnd(run, op) {
  return run.duration[op] < 0 ? run.end : run.start[op] + run.duration[op];
}

function momentText(run, at, digits = 6) {
  return run.timed ? `${(at / 1e9).toFixed(digits)} s` : `event ${Math.round(at)}`;
}

function spanText(ns) {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(2)} ms`;
  return `${(ns / 1e9).toFixed(3)} s`;
}

// [name, value] pairs for tooltip, details and table; plain text, inserted as textContent only.
function describe(run, op) {
  const rows = [["operation", run.labels[run.labelId[op]]], ["outcome", OUTCOMES[run.outcome[op]]]];
  if (run.meta.keyed) rows.push(["key", run.keys[run.keyId[op]]]);
  rows.push(["process", String(run.process[op])]);
  const node = run.nodes[run.nodeId[op]];
  if (node) rows.push(["node", node]);
  rows.push(["start", momentText(run, run.start[op])]);
  if (run.duration[op] < 0) rows.push(["end", "never returned"]);
  else {
    rows.push(["end", momentText(run, run.start[op] + run.duration[op])]);
    if (run.timed) rows.push(["took", spanText(run.duration[op])]);
  }
  rows.push(["event", String(run.event[op])]);
  const error = run.errors[run.errorId[op]];
  if (error) rows.push(["error", error]);
  if (run.outcome[op] === INFO) {
    rows.push(["note", "may have taken effect at any moment after its start, or never"]);
  }
  return rows;
}
