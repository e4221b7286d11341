// Draws the run: throughput, latency, faults and lanes over one axis. Operations that share a pixel
// become one mark that takes the worst outcome among them, so rare failures never vanish.

const GUTTER = 116, PLOT = 84, FAULT_ROW = 20, AXIS = 26, GAP = 12;

class Painter {
  constructor(canvas, run, view) {
    Object.assign(this, { canvas, run, view, selected: -1, hovered: -1, cross: null });
    this.context = canvas.getContext("2d");
    this.faultRows = placeFaults(run);
    this.readColours();
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    this.colour = {};
    for (const name of ["paper", "ink", "soft", "line", "lane", "ok", "info", "fail", "witness",
      "fault", "fault-fill", "pass"]) this.colour[name] = style.getPropertyValue(`--${name}`).trim();
    this.hatch = null;
  }

  resize() {
    const lanes = Math.max(1, this.run.lanes.length);
    this.laneHeight = Math.max(7, Math.min(24, Math.floor(720 / lanes)));
    const plots = this.run.timed && this.run.meta.plots.bin > 0;
    this.throughputTop = plots ? GAP + 14 : 0;
    this.latencyTop = plots ? this.throughputTop + PLOT + GAP + 18 : 0;
    const afterPlots = plots ? this.latencyTop + PLOT + GAP : GAP;
    this.faultTop = afterPlots;
    const rows = this.faultRows.count;
    this.laneTop = this.faultTop + (rows > 0 ? rows * FAULT_ROW + GAP : 0);
    this.bottom = this.laneTop + lanes * this.laneHeight;
    this.height = this.bottom + AXIS;
    this.width = this.canvas.parentElement.clientWidth;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.canvas.style.height = `${this.height}px`;
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.view.left = GUTTER + 8;
    this.view.right = this.width - 14;
  }

  draw() {
    const { context: c, colour } = this;
    c.fillStyle = colour.paper;
    c.fillRect(0, 0, this.width, this.height);
    this.drawLaneStripes();
    c.save();
    c.beginPath();
    c.rect(GUTTER, 0, this.view.right - GUTTER, this.height);
    c.clip();
    this.drawFaultBands();
    this.drawAxis();
    if (this.throughputTop) {
      drawThroughput(this);
      drawLatency(this);
    }
    for (const lane of this.run.lanes.keys()) this.drawLane(lane);
    this.drawMarks();
    this.drawFaultNames();
    c.restore();
    this.drawAxisNames();
    this.drawGutter();
  }

  drawLaneStripes() {
    const { context: c } = this;
    c.fillStyle = this.colour.lane;
    for (let row = 0; row < this.run.lanes.length; row += 2) {
      c.fillRect(0, this.laneTop + row * this.laneHeight, this.width, this.laneHeight);
    }
  }

  drawFaultBands() {
    const { context: c, view } = this;
    for (const fault of this.run.meta.faults) {
      const x = view.x(fault.from), width = Math.max(1, view.x(fault.to) - x);
      c.fillStyle = this.colour["fault-fill"];
      c.fillRect(x, 0, width, this.bottom);
      c.fillStyle = this.colour.fault;
      c.fillRect(x, 0, 1, this.bottom);
    }
  }

  drawFaultNames() {
    const { context: c, view } = this;
    c.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    c.textBaseline = "middle";
    this.run.meta.faults.forEach((fault, i) => {
      const y = this.faultTop + this.faultRows.row[i] * FAULT_ROW;
      const x = Math.max(GUTTER, view.x(fault.from)), end = Math.min(view.right, view.x(fault.to));
      if (end < GUTTER || x > view.right) return;
      c.fillStyle = this.colour["fault-fill"];
      c.fillRect(x, y, Math.max(2, end - x), FAULT_ROW - 3);
      c.strokeStyle = this.colour.fault;
      c.setLineDash(fault.certain ? [] : [4, 3]);
      c.strokeRect(x + 0.5, y + 0.5, Math.max(2, end - x - 1), FAULT_ROW - 4);
      c.setLineDash([]);
      c.fillStyle = this.colour.ink;
      const name = fitted(c, fault.what ? `${fault.kind}: ${fault.what}` : fault.kind, end - x - 8);
      if (name) c.fillText(name, x + 5, y + FAULT_ROW / 2 - 1);
    });
  }

  drawAxis() {
    const { context: c, view } = this;
    this.ticks = ticks(view.from, view.to, Math.max(3, (view.right - GUTTER) / 120));
    c.strokeStyle = this.colour.line;
    for (const moment of this.ticks.at) {
      const x = Math.round(view.x(moment)) + 0.5;
      c.beginPath();
      c.moveTo(x, 0);
      c.lineTo(x, this.bottom + 4);
      c.stroke();
    }
  }

  drawAxisNames() {
    const { context: c, view, run } = this;
    c.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    c.textBaseline = "top";
    c.textAlign = "center";
    c.fillStyle = this.colour.soft;
    for (const moment of this.ticks.at) {
      const text = tickText(run, moment, this.ticks.step);
      const x = Math.min(view.x(moment), this.width - 4 - c.measureText(text).width / 2);
      c.fillText(text, x, this.bottom + 7);
    }
    c.textAlign = "left";
  }

  drawLane(row) {
    const { run, view } = this;
    const ops = run.lanes[row].ops;
    let first = lowerBound(ops, (op) => run.start[op] >= view.from);
    if (first > 0) first--;
    let from = -1, to = -1, worst = OK;
    const flush = () => { if (from >= 0) this.bar(row, from, to, worst); };
    for (let i = first; i < ops.length; i++) {
      const op = ops[i];
      if (run.start[op] > view.to) break;
      const x = Math.max(GUTTER - 4, Math.floor(view.x(run.start[op])));
      const end = Math.min(view.right + 4, Math.max(x + 1, view.x(drawnEnd(run, op)) - 0.5));
      if (from >= 0 && end <= to + 0.01 && x < to) {
        worst = Math.max(worst, run.outcome[op]);
        continue;
      }
      if (from >= 0 && x < to && end - x <= 1.5) {
        to = Math.max(to, end);
        worst = Math.max(worst, run.outcome[op]);
        continue;
      }
      flush();
      from = x; to = end; worst = run.outcome[op];
    }
    flush();
    this.drawLabels(row, first);
  }

  // The outcome is told by colour and by shape: acknowledged is a low solid bar, unknown a full
  // hatched one, failed a crossed one in the upper half.
  bar(row, from, to, outcome) {
    const { context: c, colour } = this;
    const h = this.laneHeight, y = this.laneTop + row * h, width = to - from;
    if (outcome === OK) {
      c.fillStyle = colour.ok;
      c.fillRect(from, y + h * 0.25, width, h * 0.5);
    } else if (outcome === INFO) {
      c.fillStyle = width >= 6 ? this.hatching() : colour.info;
      c.fillRect(from, y + 1, width, h - 2);
      c.fillStyle = colour.info;
      c.fillRect(from, y + 1, Math.min(2, width), h - 2);
    } else {
      c.fillStyle = colour.fail;
      const top = y + 1, height = Math.max(3, h * 0.5);
      if (width < 8) { c.fillRect(from, top, width, height); return; }
      c.strokeStyle = colour.fail;
      c.strokeRect(from + 0.5, top + 0.5, width - 1, height - 1);
      c.beginPath();
      c.moveTo(from, top); c.lineTo(to, top + height);
      c.moveTo(from, top + height); c.lineTo(to, top);
      c.stroke();
    }
  }

  hatching() {
    if (this.hatch) return this.hatch;
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const c = tile.getContext("2d");
    c.strokeStyle = this.colour.info;
    c.lineWidth = 1.6;
    for (const shift of [-6, 0, 6]) { c.moveTo(shift, 6); c.lineTo(shift + 6, 0); }
    c.stroke();
    return this.hatch = this.context.createPattern(tile, "repeat");
  }

  drawLabels(row, first) {
    const { context: c, run, view } = this;
    if (this.laneHeight < 14) return;
    c.font = "11px ui-monospace, 'DejaVu Sans Mono', monospace";
    c.textBaseline = "middle";
    const ops = run.lanes[row].ops, y = this.laneTop + (row + 0.5) * this.laneHeight;
    for (let i = first; i < ops.length && run.start[ops[i]] <= view.to; i++) {
      const x = Math.max(GUTTER, view.x(run.start[ops[i]]));
      const width = view.x(drawnEnd(run, ops[i])) - x;
      if (width < 34) continue;
      const text = fitted(c, run.labels[run.labelId[ops[i]]], Math.min(width, view.right - x) - 8);
      if (!text) continue;
      const outcome = run.outcome[ops[i]];
      c.fillStyle = this.colour.paper;
      if (outcome !== OK) c.fillRect(x + 3, y - 6, c.measureText(text).width + 3, 12);
      if (outcome !== OK) c.fillStyle = this.colour.ink;
      c.fillText(text, x + 4, y + 0.5);
    }
  }

  outline(op, colour, thick) {
    const { context: c, run, view } = this;
    const h = this.laneHeight, y = this.laneTop + run.lane[op] * h;
    const x = view.x(run.start[op]), end = Math.max(x + 4, view.x(drawnEnd(run, op)));
    c.strokeStyle = colour;
    c.lineWidth = thick;
    c.strokeRect(Math.max(GUTTER - 9, x - 1), y + 0.5, Math.min(end, view.right + 9) - Math.max(GUTTER - 9, x) + 2, h - 1);
    c.lineWidth = 1;
  }

  drawMarks() {
    const { context: c, run, view } = this;
    for (const anomaly of run.anomalies) {
      for (const op of anomaly.ops) {
        this.outline(op, this.colour.witness, 2.5);
        const x = view.x(run.start[op]), y = this.laneTop + run.lane[op] * this.laneHeight;
        c.fillStyle = this.colour.witness;
        c.beginPath();
        c.moveTo(x - 6, y - 8); c.lineTo(x + 6, y - 8); c.lineTo(x, y); c.fill();
      }
    }
    if (this.hovered >= 0) this.outline(this.hovered, this.colour.soft, 2);
    if (this.selected >= 0) this.outline(this.selected, this.colour.fail, 3);
    if (this.cross !== null) {
      c.fillStyle = this.colour.soft;
      c.fillRect(Math.round(this.cross), 0, 1, this.bottom);
    }
  }

  drawGutter() {
    const { context: c, run } = this;
    c.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    c.textBaseline = "middle";
    c.fillStyle = this.colour.ink;
    const name = (text, y) => c.fillText(fitted(c, text, GUTTER - 14), 8, y);
    if (this.throughputTop) {
      name("operations/s", this.throughputTop + 2);
      name("latency", this.latencyTop + 2);
    }
    if (this.faultRows.count) name("faults", this.faultTop + FAULT_ROW / 2);
    const every = Math.ceil(13 / this.laneHeight);
    run.lanes.forEach((lane, row) => {
      if (row % every !== 0) return;
      const more = lane.processes.length > 1 ? ` +${lane.processes.length - 1}` : "";
      name(`process ${lane.processes[0]}${more}`, this.laneTop + (row + 0.5) * this.laneHeight);
    });
    c.fillStyle = this.colour.soft;
    c.textAlign = "right";
    if (this.throughputTop) {
      c.fillText(Math.round(this.throughputMost).toLocaleString("en"), GUTTER - 8, this.throughputTop + 18);
      c.fillText("0", GUTTER - 8, this.throughputTop + PLOT - 3);
    }
    if (this.latencyRange) {
      const [low, high] = this.latencyRange;
      c.fillText(spanText(10 ** high * 1e6).replace(/\.0+ /, " "), GUTTER - 8, this.latencyTop + 18);
      c.fillText(spanText(10 ** low * 1e6).replace(/\.0+ /, " "), GUTTER - 8, this.latencyTop + PLOT - 3);
      c.textAlign = "left";
      latencyLegend(this);
    }
    c.textAlign = "left";
  }

  // The operation under a point, or -1; thin bars may be missed by two pixels.
  operationAt(x, y) {
    const { run, view } = this;
    const row = Math.floor((y - this.laneTop) / this.laneHeight);
    if (x < GUTTER || row < 0 || row >= run.lanes.length) return -1;
    const ops = run.lanes[row].ops, slack = view.at(x + 2) - view.at(x);
    const at = view.at(x);
    let i = lowerBound(ops, (op) => run.start[op] > at + slack) - 1;
    for (let tries = 0; i >= 0 && tries < 3; tries++, i--) {
      if (drawnEnd(run, ops[i]) >= at - slack) return ops[i];
    }
    return -1;
  }

  faultAt(x, y) {
    const row = Math.floor((y - this.faultTop) / FAULT_ROW), at = this.view.at(x);
    if (y < this.faultTop || row >= this.faultRows.count) return null;
    return this.run.meta.faults.find((f, i) => this.faultRows.row[i] === row && f.from <= at && at <= f.to) ?? null;
  }
}

// Faults that are in force at once get rows of their own.
function placeFaults(run) {
  const ends = [];
  const row = run.meta.faults.map((fault) => {
    let free = ends.findIndex((end) => end <= fault.from);
    if (free < 0) free = ends.length < 8 ? ends.push(0) - 1 : ends.indexOf(Math.min(...ends));
    ends[free] = fault.to;
    return free;
  });
  return { row, count: ends.length };
}

function lowerBound(ops, holds) {
  let low = 0, high = ops.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(ops[middle])) high = middle; else low = middle + 1;
  }
  return low;
}

function fitted(context, text, width) {
  if (width < 12) return "";
  if (text.length * 12 > width * 4) text = text.slice(0, Math.ceil(width / 3)) + "…";
  if (context.measureText(text).width <= width) return text;
  let length = text.length;
  while (length > 1 && context.measureText(text.slice(0, length) + "…").width > width) length--;
  return length > 1 ? text.slice(0, length) + "…" : "";
}
