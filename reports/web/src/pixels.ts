// The bars of all lanes, pixel by pixel: canvas rectangles are too slow for a million operations.
// What a lane needs for a frame depends on its pixels, not on its operations: from one pixel's end
// the next operation is found by galloping, and prefix sums tell the worst outcome in between.
import type { Lane } from "./lanes";
import { FAIL, INFO, OK, lowerBound, type Run } from "./run";
import type { View } from "./view";

/// A bar wide enough for a pattern or a text; those are drawn on top.
export interface WideBar { row: number; op: number; from: number; to: number }

export class Pixels {
  readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d", { willReadFrequently: true })!;
  private image = new ImageData(1, 1);
  private words = new Uint32Array(1);
  private scale = 1;
  private colours = [0, 0, 0];

  resize(width: number, height: number, scale: number) {
    this.scale = scale;
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
    this.image = this.context.createImageData(this.canvas.width, this.canvas.height);
    this.words = new Uint32Array(this.image.data.buffer);
  }

  /// CSS colours by outcome.
  setColours(colours: string[]) {
    this.colours = colours.map((colour) => {
      this.context.fillStyle = colour;
      this.context.fillRect(0, 0, 1, 1);
      return new Uint32Array(this.context.getImageData(0, 0, 1, 1).data.buffer)[0]!;
    });
  }

  /// Draws the lanes and returns the bars at least `wide` CSS pixels wide.
  draw(run: Run, lanes: Lane[], view: View, laneHeight: number, wide: number): WideBar[] {
    this.words.fill(0);
    const bars: WideBar[] = [];
    lanes.forEach((lane, row) => this.drawLane(run, lane, row, view, laneHeight, wide, bars));
    this.context.putImageData(this.image, 0, 0);
    return bars;
  }

  private drawLane(run: Run, lane: Lane, row: number, view: View, laneHeight: number, wide: number, bars: WideBar[]) {
    const { ops } = lane, { start, duration } = run, { scale } = this, width = this.canvas.width;
    const perPixel = (view.to - view.from) / width, wideHere = wide * scale;
    // Neighbours of one outcome are filled together.
    let runFrom = 0, runTo = 0, runOutcome = OK;
    const fill = (from: number, to: number, outcome: number) => {
      if (from === runTo && outcome === runOutcome) { runTo = to; return; }
      this.fill(row, laneHeight, runFrom, runTo, runOutcome);
      runFrom = from; runTo = to; runOutcome = outcome;
    };
    let i = lowerBound(ops.length, (k) => run.drawnEnd(ops[k]!) >= view.from);
    let x = 0;
    while (i < ops.length && x < width) {
      const op = ops[i]!, length = duration[op]!, until = length < 0 ? run.end : start[op]! + length;
      const begin = Math.max(x, Math.floor((start[op]! - view.from) / perPixel));
      if (begin >= width) break;
      const end = Math.min(width, (until - view.from) / perPixel);
      if (end - begin >= 3) {  // a bar of its own, with a gap before the next one
        const to = Math.max(begin + 2, Math.floor(end - 0.5 * scale)), outcome = run.outcome[op]!;
        if (to - begin >= wideHere) bars.push({ row, op, from: begin / scale, to: to / scale });
        if (outcome === OK || to - begin < wideHere) fill(begin, to, outcome);
        x = Math.floor(end);
        i++;
        continue;
      }
      const edge = view.from + (begin + 1) * perPixel, next = gallop(start, ops, i + 1, edge);
      fill(begin, begin + 1, lane.worst(i, next));
      x = begin + 1;
      const last = ops[next - 1]!, lastLength = duration[last]!;
      i = lastLength < 0 || start[last]! + lastLength > edge ? next - 1 : next;
    }
    this.fill(row, laneHeight, runFrom, runTo, runOutcome);
  }

  /// The outcome is told by place as well as by colour: acknowledged is a low bar in the middle,
  /// unknown takes the full height, failed the upper half.
  private fill(row: number, laneHeight: number, from: number, to: number, outcome: number) {
    if (from === to) return;
    const h = laneHeight * this.scale, top = Math.round(row * h), width = this.canvas.width;
    const [first, last] = outcome === OK ? [0.25, 0.75] : outcome === FAIL ? [0.06, 0.56] : [0.04, 0.96];
    const begin = top + Math.round(h * first), end = Math.max(begin + 1, top + Math.round(h * last));
    const colour = this.colours[outcome === INFO ? 2 : outcome === FAIL ? 1 : 0]!, { words } = this;
    for (let y = begin; y < end; y++) {
      const stop = y * width + to;
      if (to - from > 16) words.fill(colour, y * width + from, stop);
      else for (let at = y * width + from; at < stop; at++) words[at] = colour;
    }
  }
}

/// The first index from `from` on whose operation starts at `edge` or later.
function gallop(start: Float64Array, ops: Uint32Array, from: number, edge: number): number {
  let step = 1, high = from;
  while (high < ops.length && start[ops[high]!]! < edge) { from = high + 1; high += step; step *= 2; }
  high = Math.min(high, ops.length);
  while (from < high) {
    const middle = (from + high) >> 1;
    if (start[ops[middle]!]! >= edge) high = middle; else from = middle + 1;
  }
  return from;
}
