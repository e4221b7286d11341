// The run as the page knows it: what the program wrote into it, and the columns of operations.
import { Block, type Texts } from "./block";

export const OK = 0, FAIL = 1, INFO = 2;
export const OUTCOMES = ["acknowledged", "failed", "outcome unknown"];
export const OUTCOME_CLASSES = ["ok", "fail", "info"];

export interface Fault {
  from: number; to: number; certain: boolean; kind: string; what: string; effect: string;
}
export interface Plots {
  bin: number;
  ok: number[]; fail: number[]; info: number[];
  p50: number[]; p95: number[]; p99: number[]; max: number[];
}
export interface Clock { node: string; at: number[]; offset: number[] }
/// The largest lag met by a read of the node in each bin of the plots, in milliseconds; 0: none.
export interface Lag { node: string; most: number[] }
export interface Meta {
  verdict: string; model: string; operations: number; drawn: number;
  axis: "time" | "position"; end: number; keyed: boolean;
  faults: Fault[];
  anomalies: { type: string; witness: number[] }[];
  plots: Plots;
  clocks: Clock[];
  lag: Lag[];
}
export interface Anomaly { type: string; ops: number[] }
export interface Logs {
  size: number; time: Float64Array; level: Uint8Array;
  nodeIds: Uint32Array; nodes: Texts; textIds: Uint32Array; texts: Texts;
}

export class Run {
  readonly size: number;
  readonly end: number;
  readonly timed: boolean;
  readonly event: Float64Array;
  readonly start: Float64Array;
  readonly duration: Float64Array;  // -1: never returned
  readonly processIds: Uint32Array; readonly processes: number[];
  readonly outcome: Uint8Array;
  readonly labelIds: Uint32Array; readonly labels: Texts;
  readonly kindIds: Uint32Array; readonly kinds: Texts;
  readonly keyIds: Uint32Array; readonly keys: Texts;
  readonly nodeIds: Uint32Array; readonly nodes: Texts;
  readonly errorIds: Uint32Array; readonly errors: Texts;
  readonly anomalies: Anomaly[];
  readonly witness = new Set<number>();
  readonly logs: Logs;

  constructor(readonly meta: Meta, block: Block) {
    const { size, unit, processes, logs } = block.header;
    this.size = size;
    this.end = Math.max(1, meta.end);
    this.timed = meta.axis === "time";
    this.event = block.increasing("event", size);
    this.start = block.increasing("start", size, unit);
    this.duration = block.numbers("duration", new Float64Array(size));
    for (let i = 0; i < size; i++) this.duration[i] = this.duration[i] === 0 ? -1 : (this.duration[i]! - 1) * unit;
    this.processes = processes;
    this.processIds = block.numbers("process", new Uint32Array(size));
    this.outcome = block.numbers("outcome", new Uint8Array(size));
    ({ ids: this.labelIds, texts: this.labels } = block.texts("label", size));
    ({ ids: this.kindIds, texts: this.kinds } = block.texts("kind", size));
    ({ ids: this.keyIds, texts: this.keys } = block.texts("key", size));
    ({ ids: this.nodeIds, texts: this.nodes } = block.texts("node", size));
    ({ ids: this.errorIds, texts: this.errors } = block.texts("error", size));
    const level = block.numbers("log-level", new Uint8Array(logs));
    const node = block.texts("log-node", logs), text = block.texts("log", logs);
    this.logs = {
      size: logs, level, time: block.increasing("log-time", logs, unit),
      nodeIds: node.ids, nodes: node.texts, textIds: text.ids, texts: text.texts,
    };
    this.anomalies = meta.anomalies.map(({ type, witness }) => {
      const ops = witness.map((event) => this.atEvent(event)).filter((op) => op >= 0);
      for (const op of ops) this.witness.add(op);
      return { type, ops };
    });
  }

  /// The operation that this event invoked, or -1.
  atEvent(event: number): number {
    const at = lowerBound(this.size, (i) => this.event[i]! >= event);
    return at < this.size && this.event[at] === event ? at : -1;
  }
  returned(op: number) { return this.duration[op]! >= 0; }
  /// Where its bar ends: one that never returned is drawn to the end.
  drawnEnd(op: number) { return this.returned(op) ? this.start[op]! + this.duration[op]! : this.end; }
  process(op: number) { return this.processes[this.processIds[op]!]!; }
  label(op: number) { return this.labels.at(this.labelIds[op]!); }
  key(op: number) { return this.meta.keyed ? this.keys.at(this.keyIds[op]!) : ""; }
  node(op: number) { return this.nodes.at(this.nodeIds[op]!); }
  error(op: number) { return this.errors.at(this.errorIds[op]!); }

  momentText(at: number, digits = 6) {
    return this.timed ? `${(at / 1e9).toFixed(digits)} s` : `event ${Math.round(at)}`;
  }

  /// [name, value] for tooltip, details and table: plain text.
  describe(op: number): [string, string][] {
    const rows: [string, string][] = [["operation", this.label(op)], ["outcome", OUTCOMES[this.outcome[op]!]!]];
    if (this.meta.keyed) rows.push(["key", this.key(op)]);
    rows.push(["process", String(this.process(op))]);
    if (this.node(op)) rows.push(["node", this.node(op)]);
    rows.push(["start", this.momentText(this.start[op]!)]);
    if (!this.returned(op)) rows.push(["end", "never returned"]);
    else {
      rows.push(["end", this.momentText(this.drawnEnd(op))]);
      if (this.timed) rows.push(["took", spanText(this.duration[op]!)]);
    }
    rows.push(["event", String(this.event[op])]);
    if (this.error(op)) rows.push(["error", this.error(op)]);
    if (this.outcome[op] === INFO) rows.push(["note", "may have taken effect at any moment after its start, or never"]);
    return rows;
  }
}

/// The first index in [0, size) for which `holds`, which then holds for all later ones.
export function lowerBound(size: number, holds: (index: number) => boolean): number {
  let low = 0, high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle; else low = middle + 1;
  }
  return low;
}

export function spanText(ns: number): string {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(1)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(2)} ms`;
  return `${(ns / 1e9).toFixed(3)} s`;
}
