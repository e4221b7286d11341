// The part of the axis in view, and the scales that turn it into pixels.
import type { Run } from "./run";

export class View {
  from = 0;
  to: number;
  left = 0;
  right = 1;
  constructor(readonly end: number) { this.to = end; }
  x(at: number) { return this.left + (at - this.from) / (this.to - this.from) * (this.right - this.left); }
  at(x: number) { return this.from + (x - this.left) / (this.right - this.left) * (this.to - this.from); }
  set(from: number, to: number) {
    const least = Math.min(this.end, Math.max(20, this.end * 1e-7));
    const span = Math.min(this.end, Math.max(least, to - from));
    this.from = Math.min(Math.max(0, from), this.end - span);
    this.to = this.from + span;
  }
  zoom(factor: number, at = (this.from + this.to) / 2) {
    this.set(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }
  pan(part: number) {
    const by = (this.to - this.from) * part;
    this.set(this.from + by, this.to + by);
  }
  show(from: number, to: number) {
    const margin = Math.max((to - from) * 0.25, this.end * 2e-5, 40);
    this.set(from - margin, to + margin);
  }
}

/// Round steps for an axis: 1, 2 or 5 times a power of ten.
export function ticks(from: number, to: number, most: number): { step: number; at: number[] } {
  const raw = (to - from) / most, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw)!;
  const at: number[] = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) at.push(tick);
  return { step, at };
}

export function tickText(run: Run, at: number, step: number): string {
  if (!run.timed) return String(Math.round(at));
  if (step >= 1e8) return `${(at / 1e9).toFixed(step >= 1e9 ? 0 : 1)} s`;
  return `${(at / 1e9).toFixed(Math.min(9, Math.max(2, 9 - Math.floor(Math.log10(step)))))} s`;
}
