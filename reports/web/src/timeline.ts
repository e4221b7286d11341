// The timeline: what is in view, selected, pinned, found; how mouse, keys and addresses change it.
import { Charts } from "./charts";
import { EVERYTHING, find, shownBy, type Filter } from "./filter";
import { Lanes, type Grouping } from "./lanes";
import { GUTTER, Painter } from "./painter";
import { lowerBound, type Run } from "./run";
import { View } from "./view";

export interface Tip { x: number; y: number; text: string }

export class Timeline {
  readonly view: View;
  readonly lanes: Lanes;
  readonly painter: Painter;
  readonly charts: Charts;
  filter: Filter = EVERYTHING;
  shown: Uint8Array | null = null;
  needle = "";
  foundAt = -1;
  anomaly = -1;
  grouping: Grouping = "process";
  tip: Tip | null = null;
  drawnIn = 0;  // milliseconds that the last frame took
  private waiting = 0;
  private drag: { x: number; from: number; to: number; moved: boolean } | null = null;

  /// `tell` is called when what the panels say has changed.
  constructor(readonly run: Run, readonly canvas: HTMLCanvasElement, plots: HTMLElement, private readonly tell: () => void) {
    this.view = new View(run.end);
    this.lanes = new Lanes(run);
    this.painter = new Painter(canvas, run, this.lanes, this.view);
    this.painter.resize();
    this.charts = new Charts(plots, run, this.view,
      (from, to) => { this.view.set(from, to); this.redraw(); },
      (x) => { if (this.painter.cross !== x) { this.painter.cross = x; this.redraw(false); } });
    this.charts.build(this.painter.colours);
    this.listen();
    this.paint();
  }

  /// The words at once, the picture with the next frame.
  redraw(moved = true) {
    if (moved) this.tell();
    this.waiting ||= requestAnimationFrame(() => { this.waiting = 0; this.paint(moved); });
  }

  private paint(moved = true) {
    const begin = performance.now();
    this.painter.draw();
    if (moved) this.charts.show();
    this.drawnIn = performance.now() - begin;
  }

  private listen() {
    const { canvas } = this, box = canvas.parentElement!;
    let width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth === width) return;
      width = box.clientWidth;
      this.painter.resize();
      this.charts.resize();
      this.redraw();
    }).observe(box);
    const recolour = () => { this.painter.recolour(); this.charts.build(this.painter.colours); this.redraw(); };
    document.addEventListener("themechange", recolour);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointerleave", () => this.hover(null));
    canvas.addEventListener("dblclick", () => this.act("fit"));
    canvas.addEventListener("keydown", (event) => this.key(event));
    addEventListener("hashchange", () => this.follow(location.hash));
  }

  // The wheel belongs to the page until the timeline has been clicked into.
  private wheel(event: WheelEvent) {
    if (document.activeElement !== this.canvas && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.view.pan((event.deltaX || event.deltaY) / 800);
    } else {
      this.view.zoom(1.0015 ** event.deltaY, this.view.at(event.offsetX));
    }
    this.redraw();
  }

  private press(event: PointerEvent) {
    this.drag = { x: event.offsetX, from: this.view.from, to: this.view.to, moved: false };
    this.canvas.setPointerCapture(event.pointerId);
  }

  private move(event: PointerEvent) {
    const { drag, view } = this;
    if (!drag) { this.hover(event); return; }
    const by = event.offsetX - drag.x;
    if (Math.abs(by) > 3) drag.moved = true;
    if (!drag.moved) return;
    this.canvas.classList.add("moving");
    const shift = by / (view.right - view.left) * (drag.to - drag.from);
    view.set(drag.from - shift, drag.to - shift);
    this.redraw();
  }

  private release(event: PointerEvent) {
    const { drag } = this;
    this.drag = null;
    this.canvas.classList.remove("moving");
    if (!drag) return;
    if (drag.moved) { this.address(); return; }
    this.select(this.painter.operationAt(event.offsetX, event.offsetY));
  }

  private hover(event: PointerEvent | null) {
    const { painter, run } = this;
    const x = event?.offsetX ?? 0, y = event?.offsetY ?? 0;
    painter.hovered = event ? painter.operationAt(x, y) : -1;
    painter.cross = event && x >= GUTTER ? x : null;
    let text = "";
    if (painter.hovered >= 0) {
      text = run.describe(painter.hovered).map(([name, value]) => name === "operation" ? value : `${name} ${value}`).join("\n");
    } else if (event) {
      const fault = painter.faultAt(x, y), line = painter.logAt(x, y);
      if (fault) {
        text = [`${fault.kind}: ${run.momentText(fault.from, 3)} – ${run.momentText(fault.to, 3)}`, fault.what, fault.effect].filter((t) => t).join("\n");
      } else if (line >= 0) {
        const { logs } = run;
        text = `${logs.nodes.at(logs.nodeIds[line]!)} ${run.momentText(logs.time[line]!, 3)}\n${logs.texts.at(logs.textIds[line]!)}`;
      }
    }
    this.tip = text ? { x, y, text } : null;
    this.tell();
    this.redraw(false);
  }

  select(op: number, scroll = false) {
    const { run, view, painter } = this;
    painter.selected = op;
    if (op >= 0) {
      const start = run.start[op]!, end = run.returned(op) ? run.drawnEnd(op) : start;
      if (end < view.from || start > view.to) view.show(start, end);
      setAddress(`#op=${run.event[op]}`);
    } else {
      this.address();
    }
    if (scroll) this.canvas.scrollIntoView({ block: "nearest" });
    this.redraw();
  }

  /// Pinned operations stay described and framed until they are unpinned.
  pin(op: number) {
    const { painter } = this;
    painter.pinned = painter.pinned.includes(op) ? painter.pinned.filter((other) => other !== op) : [...painter.pinned, op];
    this.redraw();
  }

  jump(index: number, scroll: boolean) {
    const { run } = this, anomaly = run.anomalies[index];
    if (!anomaly || anomaly.ops.length === 0) return;
    this.anomaly = index;
    const from = Math.min(...anomaly.ops.map((op) => run.start[op]!));
    const to = Math.max(...anomaly.ops.map((op) => run.returned(op) ? run.drawnEnd(op) : run.start[op]!));
    this.view.show(from, to);
    if (scroll) {
      document.getElementById("run")!.scrollIntoView({ block: "start" });
      this.canvas.focus({ preventScroll: true });
    }
    setAddress(`#anomaly=${index + 1}`);
    this.redraw();
  }

  search(needle: string) {
    this.needle = needle;
    this.painter.found = find(this.run, needle, this.shown);
    this.foundAt = -1;
    this.redraw();
  }

  /// To the next match, or the one before; the first time, to the first one in view.
  stepFound(by: number) {
    const { found } = this.painter, count = found.length;
    if (count === 0) return;
    this.foundAt = this.foundAt < 0
      ? lowerBound(count, (i) => this.run.start[found[i]!]! >= this.view.from) % count
      : (this.foundAt + by + count) % count;
    this.select(found[this.foundAt]!);
  }

  setFilter(filter: Filter) {
    this.filter = filter;
    this.shown = shownBy(this.run, filter);
    this.lanes.filter(this.shown);
    this.search(this.needle);
  }

  group(by: Grouping) {
    this.grouping = by;
    this.lanes.group(by);
    this.redraw();
  }

  /// The operations in view, at most this many.
  inView(most: number): { ops: number[]; more: boolean } {
    const { run, view } = this, ops: number[] = [];
    for (const lane of this.lanes.list) {
      const list = lane.ops;
      let taken = 0;
      for (let i = lowerBound(list.length, (k) => run.drawnEnd(list[k]!) >= view.from);
        i < list.length && run.start[list[i]!]! <= view.to && taken <= most; i++, taken++) ops.push(list[i]!);
    }
    ops.sort((a, b) => a - b);
    return { ops: ops.slice(0, most), more: ops.length > most };
  }

  private step(by: number) {
    const { painter } = this;
    if (painter.selected < 0) {
      const { ops } = this.inView(1);
      if (ops.length > 0) this.select(ops[0]!);
      return;
    }
    const { ops } = this.lanes.list[this.lanes.of[painter.selected]!]!;
    const next = lowerBound(ops.length, (i) => ops[i]! >= painter.selected) + by;
    if (next >= 0 && next < ops.length) this.select(ops[next]!);
  }

  act(name: string) {
    const { view, run } = this, count = run.anomalies.length;
    const acts: Record<string, () => void> = {
      in: () => view.zoom(0.6), out: () => view.zoom(1 / 0.6),
      left: () => view.pan(-0.2), right: () => view.pan(0.2),
      fit: () => view.set(0, run.end),
      anomaly: () => { if (count) this.jump((this.anomaly + 1) % count, false); },
      before: () => { if (count) this.jump((Math.max(this.anomaly, 0) + count - 1) % count, false); },
      next: () => this.step(1), previous: () => this.step(-1),
      pin: () => { if (this.painter.selected >= 0) this.pin(this.painter.selected); },
      find: () => document.getElementById("find")?.focus(),
      clear: () => this.select(-1),
    };
    acts[name]?.();
    if (["in", "out", "left", "right", "fit"].includes(name)) this.address();
    this.redraw();
  }

  private key(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const name = {
      ArrowLeft: "left", a: "left", ArrowRight: "right", d: "right", ArrowUp: "in", w: "in",
      "+": "in", "=": "in", ArrowDown: "out", s: "out", "-": "out", 0: "fit", Home: "fit",
      n: "anomaly", p: "before", j: "next", k: "previous", Enter: "pin", "/": "find", Escape: "clear",
    }[event.key];
    if (!name) return;
    event.preventDefault();
    this.act(name);
  }

  private address() {
    const { view, run } = this;
    if (view.from === 0 && view.to === run.end) { setAddress("#run"); return; }
    const unit = run.timed ? 1e9 : 1, digits = run.timed ? 9 : 0;
    setAddress(`#t=${(view.from / unit).toFixed(digits)}-${(view.to / unit).toFixed(digits)}`);
  }

  /// #op=412, #anomaly=1, #t=1.5-2.25 (seconds, or events): the address of what is shown.
  follow(hash: string) {
    const { run, view } = this;
    const op = /^#op=(\d+)$/.exec(hash), anomaly = /^#anomaly=(\d+)$/.exec(hash);
    const range = /^#t=([\d.]+)(?:-([\d.]+))?$/.exec(hash);
    if (op) {
      const found = run.atEvent(Number(op[1]));
      if (found < 0) return;
      view.show(run.start[found]!, run.returned(found) ? run.drawnEnd(found) : run.start[found]!);
      this.select(found, true);
    } else if (anomaly) {
      this.jump(Number(anomaly[1]) - 1, true);
    } else if (range) {
      const unit = run.timed ? 1e9 : 1, from = Number(range[1]) * unit;
      if (range[2] === undefined) view.show(from, from);
      else view.set(from, Number(range[2]) * unit);
      document.getElementById("run")!.scrollIntoView({ block: "start" });
      this.redraw();
    }
  }
}

function setAddress(hash: string) {
  try { history.replaceState(null, "", hash); } catch { /* an opaque page has no address to change */ }
}
