// Throughput, latency, availability and clocks over the timeline's axis, by uPlot.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { GUTTER, type Colours } from "./painter";
import { spanText, type Run } from "./run";
import type { View } from "./view";

const HEIGHT = 118, MARGIN = 14, ALONE = 6;

interface Line { name: string; values: (number | null)[]; colour: keyof Colours; dash?: number[]; fill?: boolean; width?: number }
const markOf = (line?: Line) => !line?.dash?.length ? "solid" : line.dash[0]! < 4 ? "dotted" : "dashed";
interface Chart { title: string; lines: Line[]; log?: boolean; max?: number; step?: boolean; dots?: boolean; text: (value: number) => string }

const rateText = (value: number) => value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });

function chartsOf(run: Run): { at: number[]; charts: Chart[] } {
  const { plots, clocks, lag } = run.meta, bins = plots.ok.length;
  const at = Array.from({ length: bins }, (_, i) => (i + 0.5) * plots.bin);
  const perSecond = 1e9 / plots.bin;
  const charts: Chart[] = [];
  if (bins > 0) {
    const all = plots.ok.map((ok, i) => ok + plots.info[i]! + plots.fail[i]!);
    charts.push({
      title: "operations per second", step: true, text: rateText,
      lines: [
        { name: "failed", values: all.map((n) => n * perSecond), colour: "fail", fill: true },
        { name: "outcome unknown", values: all.map((n, i) => (n - plots.fail[i]!) * perSecond), colour: "info", fill: true },
        { name: "acknowledged", values: plots.ok.map((n) => n * perSecond), colour: "ok", fill: true },
      ],
    });
    const quantile = (values: number[]) => values.map((ms, i) => plots.ok[i]! > 0 ? Math.max(ms, 1e-4) : null);
    charts.push({
      title: "latency", log: true, text: (ms) => spanText(ms * 1e6).replace(/\.0+ /, " "),
      lines: [
        { name: "max", values: quantile(plots.max), colour: "soft", dash: [2, 3], width: 1 },
        { name: "p99", values: quantile(plots.p99), colour: "info", dash: [6, 3] },
        { name: "p95", values: quantile(plots.p95), colour: "ok", dash: [10, 3] },
        { name: "p50", values: quantile(plots.p50), colour: "ok", width: 2 },
      ],
    });
    charts.push({
      title: "availability", step: true, max: 100, text: (share) => `${share.toFixed(share > 99 && share < 100 ? 2 : 0)} %`,
      lines: [{ name: "acknowledged of what was answered or given up", values: all.map((n, i) => n > 0 ? 100 * plots.ok[i]! / n : null), colour: "ok", width: 2 }],
    });
  }
  const colours = ["ok", "info", "fail", "fault", "soft"] as const;
  const look = (i: number) => ({ colour: colours[i % colours.length]!, dash: i < colours.length ? [] : [6, 3] });
  if (lag.length > 0) {
    charts.push({
      title: "replication lag", log: true, dots: true, text: (ms) => spanText(ms * 1e6).replace(/\.0+ /, " "),
      lines: lag.map(({ node, most }, i) => ({ name: node || "reads", values: most.map((ms) => ms > 0 ? Math.max(ms, 1e-3) : null), ...look(i) })),
    });
  }
  if (clocks.length > 0) {
    charts.push({
      title: "clocks", step: true, text: (ms) => `${ms.toFixed(0)} ms`,
      lines: clocks.map((clock, i) => ({
        name: clock.node, ...look(i),
        values: at.map((moment) => {
          let last = 0;
          clock.at.forEach((t, k) => { if (t <= moment) last = clock.offset[k]! / 1e6; });
          return last;
        }),
      })),
    });
  }
  return { at, charts };
}

/// A line, or steps that hold until the next value, cut off beside the plot: of a view far within
/// two values uPlot would draw, and dash, a line of millions of pixels.
function pathsWithin(step: boolean): uPlot.Series.PathBuilder {
  return (plot, series, first, last) => {
    const { left, top, width, height } = plot.bbox, low = left - width, high = left + 2 * width;
    const at = plot.data[0]!, values = plot.data[series]!, scale = plot.series[series]!.scale!;
    const stroke = new Path2D(), fill = new Path2D();
    let points: [number, number][] = [];
    let before: [number, number] | null = null;
    /// The last step holds until the next moment; a value without neighbours is a dash.
    const end = (until: number) => {
      if (before !== null && step && until > low && before[0] < high) points.push([Math.max(before[0], low), before[1]], [Math.min(until, high), before[1]]);
      else if (before !== null && points.length === 0) points.push([before[0] - ALONE / 2, before[1]], [before[0] + ALONE / 2, before[1]]);
      before = null;
      points.forEach(([x, y], i) => {
        if (i === 0) { stroke.moveTo(x, y); fill.moveTo(x, top + height); } else stroke.lineTo(x, y);
        fill.lineTo(x, y);
      });
      if (points.length > 0) fill.lineTo(points[points.length - 1]![0], top + height);
      points = [];
    };
    for (let i = first; i <= last; i++) {
      const value = values[i], x = plot.valToPos(at[i]!, "x", true);
      if (value === null || value === undefined) { end(x); continue; }
      const y = plot.valToPos(value, scale, true);
      if (before !== null && x > low && before[0] < high) {
        const [fromX, fromY] = before, toY = step ? fromY : y, slope = (toY - fromY) / (x - fromX);
        for (const cut of [Math.max(fromX, low), Math.min(x, high)]) points.push([cut, fromY + (cut - fromX) * slope]);
      }
      before = [x, y];
    }
    end(last + 1 < at.length ? plot.valToPos(at[last + 1]!, "x", true) : left + width);
    return { stroke, fill };
  };
}

/// The powers of ten around all that is drawn.
function powersAround(lines: Line[]): [number, number] {
  let low = Infinity, high = 0;
  for (const value of lines.flatMap((line) => line.values)) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (high === 0) return [0.1, 10];
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.max(Math.ceil(Math.log10(high)), Math.floor(Math.log10(low)) + 1)];
}

export class Charts {
  private plots: uPlot[] = [];
  private readonly data: ReturnType<typeof chartsOf>;

  constructor(private readonly box: HTMLElement, private readonly run: Run, private readonly view: View,
              private readonly onRange: (from: number, to: number) => void,
              private readonly onCross: (x: number | null) => void) {
    this.data = chartsOf(run);
    box.hidden = this.data.charts.length === 0;
  }

  build(colours: Colours) {
    for (const plot of this.plots) plot.destroy();
    this.plots = this.data.charts.map((chart) => this.make(chart, colours));
  }

  resize() {
    for (const plot of this.plots) plot.setSize({ width: this.box.clientWidth, height: HEIGHT });
    this.show();
  }

  show() {
    for (const plot of this.plots) plot.setScale("x", { min: this.view.from, max: this.view.to });
  }

  private make(chart: Chart, colours: Colours): uPlot {
    const font = "12px system-ui, 'DejaVu Sans', sans-serif";
    // Of a logarithmic axis uPlot would draw a line for every digit.
    const decades: uPlot.Axis.Filter = (_, splits) => splits.map((value) => !chart.log || Number.isInteger(Math.log10(value)) ? value : null);
    const powers = powersAround(chart.lines), lowest = Math.min(0, ...chart.lines.flatMap((line) => line.values.map((value) => value ?? 0)));
    const axis = { stroke: colours.soft, font, grid: { stroke: colours.line, width: 1 }, ticks: { show: false } };
    const options: uPlot.Options = {
      title: chart.title, width: this.box.clientWidth, height: HEIGHT, pxAlign: 1,
      padding: [6, MARGIN, 4, 0],
      cursor: { sync: { key: "assay" }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      // The legend's boxes are drawn as its lines are, which colours alone would not tell everybody apart.
      legend: { show: true, live: true, markers: { dash: (_, i) => markOf(chart.lines[i - 1]) } },
      scales: {
        x: { time: false, auto: false, range: () => [this.view.from, this.view.to] },
        y: chart.log ? { distr: 3, range: () => powers } : { range: (_, __, max) => [lowest, (chart.max ?? Math.max(max, 1e-3)) * 1.05] },
      },
      axes: [{ show: false }, {
        ...axis, size: GUTTER, gap: 8,
        filter: decades, grid: { ...axis.grid, filter: decades },
        values: (_, splits) => splits.map((value) => value === null ? "" : chart.text(value)),
        ...(chart.log ? {} : { space: 34 }),
      }],
      series: [
        { label: "time", value: (_, at) => at === null ? "" : this.run.momentText(at, 2) },
        ...chart.lines.map((line): uPlot.Series => ({
          label: line.name, stroke: colours[line.colour], width: line.width ?? 1.5, dash: line.dash ?? [],
          ...(line.fill ? { fill: colours[line.colour], width: 0 } : {}),
          paths: pathsWithin(chart.step ?? false),
          points: { show: chart.dots ?? false, size: 5 }, spanGaps: false,
          value: (_, value) => value === null ? "" : chart.text(value),
        })),
      ],
      hooks: {
        drawClear: [(plot) => this.drawFaults(plot, colours)],
        setSelect: [(plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          const from = plot.posToVal(left, "x"), to = plot.posToVal(left + width, "x");
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          this.onRange(from, to);
        }],
        setCursor: [(plot) => {
          const left = plot.cursor.left ?? -1;
          this.onCross(left < 0 ? null : left + GUTTER);
        }],
      },
    };
    const data = [this.data.at, ...chart.lines.map((line) => line.values)] as uPlot.AlignedData;
    const plot = new uPlot(options, data, this.box);
    plot.root.querySelector("canvas")!.setAttribute("aria-hidden", "true");
    return plot;
  }

  private drawFaults(plot: uPlot, colours: Colours) {
    const { ctx: c, bbox } = plot;
    c.save();
    c.beginPath();
    c.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    c.clip();
    for (const fault of this.run.meta.faults) {
      const from = plot.valToPos(fault.from, "x", true), to = plot.valToPos(fault.to, "x", true);
      c.fillStyle = colours["fault-fill"];
      c.fillRect(from, bbox.top, Math.max(1, to - from), bbox.height);
      c.fillStyle = colours.fault;
      c.fillRect(from, bbox.top, 1, bbox.height);
    }
    c.restore();
  }
}
