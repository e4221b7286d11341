// Lanes: one a process. A process that never heard of its last operation is not used again: its
// successor gets a new number and here, if one begins later, the same lane.
import { FAIL, INFO, type Run } from "./run";

export class Lane {
  /// The operations shown, by start; within a lane they do not overlap.
  ops: Uint32Array = new Uint32Array(0);
  private fails: Uint32Array = new Uint32Array(1);
  private infos: Uint32Array = new Uint32Array(1);
  readonly processes: number[] = [];
  node = "";
  constructor(readonly all: Uint32Array) {}

  /// Shows those operations that `shown` marks; null: all.
  filter(run: Run, shown: Uint8Array | null) {
    this.ops = shown ? this.all.filter((op) => shown[op] === 1) : this.all;
    const { ops } = this;
    this.fails = new Uint32Array(ops.length + 1);
    this.infos = new Uint32Array(ops.length + 1);
    for (let i = 0; i < ops.length; i++) {
      const outcome = run.outcome[ops[i]!];
      this.fails[i + 1] = this.fails[i]! + (outcome === FAIL ? 1 : 0);
      this.infos[i + 1] = this.infos[i]! + (outcome === INFO ? 1 : 0);
    }
  }

  /// The worst outcome among the operations [from, to) of the lane: rare failures never vanish in a
  /// pixel that they share.
  worst(from: number, to: number): number {
    if (this.infos[to] !== this.infos[from]) return INFO;
    return this.fails[to] !== this.fails[from] ? FAIL : 0;
  }
}

export type Grouping = "process" | "node";

export class Lanes {
  readonly of: Uint32Array;  // by operation
  list: Lane[] = [];

  constructor(private readonly run: Run) {
    this.of = new Uint32Array(run.size);
    const { processIds, processes: numbers } = run;
    const counts = new Uint32Array(numbers.length), used = new Uint32Array(numbers.length);
    for (let i = 0; i < run.size; i++) counts[processIds[i]!]!++;
    const byProcess = Array.from(counts, (count) => new Uint32Array(count));
    for (let i = 0; i < run.size; i++) byProcess[processIds[i]!]![used[processIds[i]!]!++] = i;
    const open: { parts: Uint32Array[]; processes: number[]; freeAt: number }[] = [];
    byProcess.forEach((ops, id) => {  // by first use, which is by first start
      const first = run.start[ops[0]!]!, last = ops[ops.length - 1]!;
      let lane = open.find((l) => l.freeAt <= first);
      if (!lane) open.push(lane = { parts: [], processes: [], freeAt: Infinity });
      lane.parts.push(ops);
      lane.processes.push(numbers[id]!);
      const crashed = run.outcome[last] === INFO && run.returned(last);
      lane.freeAt = crashed ? run.drawnEnd(last) : Infinity;
    });
    for (const { parts, processes } of open) {
      const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) { all.set(part, at); at += part.length; }
      const lane = new Lane(all);
      lane.processes.push(...processes);
      lane.node = run.node(all[0]!);
      lane.filter(run, null);
      this.list.push(lane);
    }
    this.group("process");
  }

  group(by: Grouping) {
    const compare = new Intl.Collator("en", { numeric: true });
    this.list.sort((a, b) => (by === "node" ? compare.compare(a.node, b.node) : 0) || a.processes[0]! - b.processes[0]!);
    this.list.forEach((lane, row) => { for (const op of lane.all) this.of[op] = row; });
  }

  filter(shown: Uint8Array | null) {
    for (const lane of this.list) lane.filter(this.run, shown);
  }
}
