// Draws the run on a canvas: faults, log lines and lanes over one axis.
import type { Lanes } from "./lanes";
import { Pixels, type WideBar } from "./pixels";
import { Type } from "./type";
import { OK, FAIL, lowerBound, type Fault, type Run } from "./run";
import { tickText, ticks, type View } from "./view";

export const GUTTER = 128;
const FAULT_ROW = 20, LOG_ROW = 14, AXIS = 26, GAP = 10, MARGIN = 14, LABEL_WIDTH = 34, HATCH_WIDTH = 6;
const UI = "12px system-ui, 'DejaVu Sans', sans-serif";
const MONO = "11px ui-monospace, 'DejaVu Sans Mono', monospace";
const COLOURS = ["paper", "ink", "soft", "line", "lane", "ok", "info", "fail", "witness", "fault", "fault-fill", "found"] as const;
export type Colours = Record<(typeof COLOURS)[number], string>;

export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colours;
}

export class Painter {
  colours = readColours();
  hovered = -1;
  selected = -1;
  pinned: number[] = [];
  found: Uint32Array = new Uint32Array(0);
  cross: number | null = null;
  height = 0;
  private readonly context: CanvasRenderingContext2D;
  private readonly pixels = new Pixels();
  private readonly ui: Type;
  private readonly mono: Type;
  private readonly faultRows: { row: number[]; count: number };
  private readonly logNodes: number[];  // row by node of the logs
  private hatch: CanvasPattern | null = null;
  private width = 0;
  private laneHeight = 12;
  private faultTop = 0;
  private logTop = 0;
  private laneTop = 0;
  private bottom = 0;

  constructor(readonly canvas: HTMLCanvasElement, private readonly run: Run,
              private readonly lanes: Lanes, private readonly view: View) {
    this.context = canvas.getContext("2d")!;
    this.ui = new Type(this.context, UI);
    this.mono = new Type(this.context, MONO);
    this.faultRows = placeFaults(run.meta.faults);
    const compare = new Intl.Collator("en", { numeric: true });
    const order = [...Array(run.logs.nodes.size).keys()].sort((a, b) => compare.compare(run.logs.nodes.at(a), run.logs.nodes.at(b)));
    this.logNodes = order.map((_, node) => order.indexOf(node));
    this.recolour();
  }

  recolour() {
    this.colours = readColours();
    this.hatch = null;
    this.pixels.setColours([this.colours.ok, this.colours.fail, this.colours.info]);
  }

  resize() {
    const lanes = Math.max(1, this.lanes.list.length), { logs } = this.run;
    this.laneHeight = Math.max(4, Math.min(24, Math.floor(720 / lanes)));
    this.faultTop = GAP;
    this.logTop = this.faultTop + (this.faultRows.count > 0 ? this.faultRows.count * FAULT_ROW + GAP : 0);
    this.laneTop = this.logTop + (logs.size > 0 ? logs.nodes.size * LOG_ROW + GAP : 0);
    this.bottom = this.laneTop + lanes * this.laneHeight;
    this.height = this.bottom + AXIS;
    this.width = this.canvas.parentElement!.clientWidth;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.canvas.style.height = `${this.height}px`;
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.view.left = GUTTER;
    this.view.right = Math.max(GUTTER + 40, this.width - MARGIN);
    this.pixels.resize(this.view.right - this.view.left, lanes * this.laneHeight, scale);
  }

  draw() {
    const { context: c, view, run } = this;
    c.fillStyle = this.colours.paper;
    c.fillRect(0, 0, this.width, this.height);
    c.fillStyle = this.colours.lane;
    for (let row = 0; row < this.lanes.list.length; row += 2) {
      c.fillRect(0, this.laneTop + row * this.laneHeight, this.width, this.laneHeight);
    }
    c.save();
    c.beginPath();
    c.rect(GUTTER, 0, view.right - GUTTER, this.height);
    c.clip();
    this.drawFaultBands();
    const axis = ticks(view.from, view.to, Math.max(3, (view.right - GUTTER) / 120));
    c.fillStyle = this.colours.line;
    for (const moment of axis.at) c.fillRect(Math.round(view.x(moment)), 0, 1, this.bottom + 4);
    const wide = this.pixels.draw(run, this.lanes.list, view, this.laneHeight, HATCH_WIDTH);
    c.drawImage(this.pixels.canvas, GUTTER, this.laneTop, view.right - GUTTER, this.lanes.list.length * this.laneHeight);
    this.drawWide(wide);
    this.drawLogs();
    this.drawMarks();
    this.drawFaultNames();
    c.restore();
    this.drawAxisNames(axis);
    this.drawGutter();
  }

  private drawFaultBands() {
    const { context: c, view } = this;
    for (const fault of this.run.meta.faults) {
      const x = view.x(fault.from), width = Math.max(1, view.x(fault.to) - x);
      c.fillStyle = this.colours["fault-fill"];
      c.fillRect(x, 0, width, this.bottom);
      c.fillStyle = this.colours.fault;
      c.fillRect(x, 0, 1, this.bottom);
    }
  }

  private drawFaultNames() {
    const { context: c, view } = this;
    c.font = UI;
    c.textBaseline = "middle";
    this.run.meta.faults.forEach((fault, i) => {
      const y = this.faultTop + this.faultRows.row[i]! * FAULT_ROW;
      const x = Math.max(GUTTER, view.x(fault.from)), end = Math.min(view.right, view.x(fault.to));
      if (end < GUTTER || x > view.right) return;
      c.fillStyle = this.colours["fault-fill"];
      c.fillRect(x, y, Math.max(2, end - x), FAULT_ROW - 3);
      c.strokeStyle = this.colours.fault;
      c.setLineDash(fault.certain ? [] : [4, 3]);
      c.strokeRect(x + 0.5, y + 0.5, Math.max(2, end - x - 1), FAULT_ROW - 4);
      c.setLineDash([]);
      c.fillStyle = this.colours.ink;
      const told = fault.what.startsWith(fault.kind) ? "" : fault.kind;
      const text = [told, fault.what, fault.effect].filter((part) => part).join(" · ");
      const name = this.ui.fitted(text, end - x - 8);
      if (name) c.fillText(name, x + 5, y + FAULT_ROW / 2 - 1);
    });
  }

  private drawAxisNames(axis: { step: number; at: number[] }) {
    const { context: c, view, run } = this;
    c.font = UI;
    c.textBaseline = "top";
    c.textAlign = "center";
    c.fillStyle = this.colours.soft;
    for (const moment of axis.at) {
      const text = tickText(run, moment, axis.step);
      c.fillText(text, Math.min(view.x(moment), this.width - 4 - c.measureText(text).width / 2), this.bottom + 7);
    }
    c.textAlign = "left";
  }

  /// Patterns and texts of the bars that have the room: unknown is hatched, failed is crossed.
  private drawWide(bars: WideBar[]) {
    const { context: c, run, colours, laneHeight: h } = this;
    for (const { row, op, from, to } of bars) {
      const outcome = run.outcome[op]!, x = GUTTER + from, width = to - from, y = this.laneTop + row * h;
      if (outcome === FAIL) {
        const top = y + 1, height = Math.max(3, h * 0.5);
        c.strokeStyle = colours.fail;
        c.strokeRect(x + 0.5, top + 0.5, width - 1, height - 1);
        c.beginPath();
        c.moveTo(x, top); c.lineTo(x + width, top + height);
        c.moveTo(x, top + height); c.lineTo(x + width, top);
        c.stroke();
      } else if (outcome !== OK) {
        c.fillStyle = this.hatching();
        c.fillRect(x, y + 1, width, h - 2);
        c.fillStyle = colours.info;
        c.fillRect(x, y + 1, 2, h - 2);
      }
    }
    if (h < 14) return;
    c.font = MONO;
    c.textBaseline = "middle";
    for (const { row, op, from, to } of bars) {
      if (to - from < LABEL_WIDTH) continue;
      const x = GUTTER + from, y = this.laneTop + (row + 0.5) * h;
      const text = this.mono.fitted(run.label(op), to - from - 8);
      if (!text) continue;
      if (run.outcome[op] === OK) c.fillStyle = colours.paper;
      else {
        c.fillStyle = colours.paper;
        c.fillRect(x + 3, y - 6, this.mono.width(text) + 3, 12);
        c.fillStyle = colours.ink;
      }
      c.fillText(text, x + 4, y + 0.5);
    }
  }

  private hatching(): CanvasPattern {
    if (this.hatch) return this.hatch;
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const c = tile.getContext("2d")!;
    c.strokeStyle = this.colours.info;
    c.lineWidth = 1.6;
    for (const shift of [-6, 0, 6]) { c.moveTo(shift, 6); c.lineTo(shift + 6, 0); }
    c.stroke();
    return this.hatch = this.context.createPattern(tile, "repeat")!;
  }

  /// A tick a line; warnings and errors stand out. One a pixel and node is enough.
  private drawLogs() {
    const { context: c, run: { logs }, view } = this;
    const first = lowerBound(logs.size, (i) => logs.time[i]! >= view.from);
    const last = new Map<number, number>();
    for (let i = first; i < logs.size && logs.time[i]! <= view.to; i++) {
      const level = logs.level[i]!, row = this.logNodes[logs.nodeIds[i]!]!, x = Math.round(view.x(logs.time[i]!));
      if (level === 0 && last.get(row) === x) continue;
      last.set(row, x);
      c.fillStyle = [this.colours.soft, this.colours.info, this.colours.fail][level]!;
      c.fillRect(x, this.logTop + row * LOG_ROW + (level === 0 ? 3 : 1), level === 0 ? 2 : 3, LOG_ROW - (level === 0 ? 6 : 2));
    }
  }

  private outline(op: number, colour: string, thick: number) {
    const { context: c, run, view, laneHeight: h } = this;
    const y = this.laneTop + this.lanes.of[op]! * h;
    const x = view.x(run.start[op]!), end = Math.max(x + 4, view.x(run.drawnEnd(op)));
    if (end < GUTTER - 9 || x > view.right + 9) return;
    c.strokeStyle = colour;
    c.lineWidth = thick;
    c.strokeRect(Math.max(GUTTER - 9, x - 1), y + 0.5, Math.min(end, view.right + 9) - Math.max(GUTTER - 9, x) + 2, h - 1);
    c.lineWidth = 1;
  }

  private drawMarks() {
    const { context: c, run, view } = this;
    const first = lowerBound(this.found.length, (i) => run.start[this.found[i]!]! >= view.from);
    const last = lowerBound(this.found.length, (i) => run.start[this.found[i]!]! > view.to);
    for (let i = first; i < Math.min(last, first + 2000); i++) this.outline(this.found[i]!, this.colours.found, 2);
    for (const anomaly of run.anomalies) {
      for (const op of anomaly.ops) {
        this.outline(op, this.colours.witness, 2.5);
        const x = view.x(run.start[op]!), y = this.laneTop + this.lanes.of[op]! * this.laneHeight;
        c.fillStyle = this.colours.witness;
        c.beginPath();
        c.moveTo(x - 6, y - 8); c.lineTo(x + 6, y - 8); c.lineTo(x, y); c.fill();
      }
    }
    for (const op of this.pinned) this.outline(op, this.colours.fault, 2.5);
    if (this.hovered >= 0) this.outline(this.hovered, this.colours.soft, 2);
    if (this.selected >= 0) this.outline(this.selected, this.colours.fail, 3);
    if (this.cross === null) return;
    c.fillStyle = this.colours.soft;
    c.fillRect(Math.round(this.cross), 0, 1, this.bottom);
  }

  private drawGutter() {
    const { context: c, run } = this;
    c.font = UI;
    c.textBaseline = "middle";
    c.fillStyle = this.colours.ink;
    const name = (text: string, y: number) => c.fillText(this.ui.fitted(text, GUTTER - 16), 8, y);
    if (this.faultRows.count) name("faults", this.faultTop + FAULT_ROW / 2);
    c.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    for (let node = 0; node < (run.logs.size ? run.logs.nodes.size : 0); node++) {
      name(`log of ${run.logs.nodes.at(node)}`, this.logTop + (this.logNodes[node]! + 0.5) * LOG_ROW);
    }
    if (this.laneHeight >= 12) c.font = UI;
    const every = Math.ceil(13 / this.laneHeight);
    this.lanes.list.forEach((lane, row) => {
      if (row % every !== 0) return;
      const more = lane.processes.length > 1 ? ` +${lane.processes.length - 1}` : "";
      const node = lane.node ? ` · ${lane.node}` : "";
      name(`process ${lane.processes[0]}${more}${node}`, this.laneTop + (row + 0.5) * this.laneHeight);
    });
  }

  /// The operation under a point, or -1; thin bars may be missed by two pixels.
  operationAt(x: number, y: number): number {
    const { run, view } = this, row = Math.floor((y - this.laneTop) / this.laneHeight);
    const lane = this.lanes.list[row];
    if (x < GUTTER || !lane) return -1;
    const at = view.at(x), slack = view.at(x + 2) - at, { ops } = lane;
    const i = lowerBound(ops.length, (k) => run.start[ops[k]!]! > at + slack) - 1;
    return i >= 0 && run.drawnEnd(ops[i]!) >= at - slack ? ops[i]! : -1;
  }

  faultAt(x: number, y: number): Fault | null {
    const row = Math.floor((y - this.faultTop) / FAULT_ROW), at = this.view.at(x);
    if (x < GUTTER || y < this.faultTop || row >= this.faultRows.count) return null;
    return this.run.meta.faults.find((f, i) => this.faultRows.row[i] === row && f.from <= at && at <= f.to) ?? null;
  }

  /// The line of a log under a point, or -1.
  logAt(x: number, y: number): number {
    const { logs } = this.run, row = Math.floor((y - this.logTop) / LOG_ROW);
    if (x < GUTTER || logs.size === 0 || row < 0 || row >= logs.nodes.size) return -1;
    const from = this.view.at(x - 3), to = this.view.at(x + 3), middle = this.view.at(x);
    let best = -1;
    for (let i = lowerBound(logs.size, (k) => logs.time[k]! >= from); i < logs.size && logs.time[i]! <= to; i++) {
      if (this.logNodes[logs.nodeIds[i]!] !== row) continue;
      if (best < 0 || Math.abs(logs.time[i]! - middle) < Math.abs(logs.time[best]! - middle)) best = i;
    }
    return best;
  }
}

/// Faults that are in force at once get rows of their own, eight at most.
function placeFaults(faults: Fault[]): { row: number[]; count: number } {
  const ends: number[] = [];
  const row = faults.map((fault) => {
    let free = ends.findIndex((end) => end <= fault.from);
    if (free < 0) free = ends.length < 8 ? ends.push(0) - 1 : ends.indexOf(Math.min(...ends));
    ends[free] = fault.to;
    return free;
  });
  return { row, count: ends.length };
}
