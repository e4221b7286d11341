// The part of the axis in view, and the scales that turn it into pixels.

class View {
  constructor(end) {
    this.end = end;
    this.from = 0;
    this.to = end;
    this.left = 0;
    this.right = 1;
  }
  x(at) { return this.left + (at - this.from) / (this.to - this.from) * (this.right - this.left); }
  at(x) { return this.from + (x - this.left) / (this.right - this.left) * (this.to - this.from); }
  set(from, to) {
    const least = Math.min(this.end, Math.max(20, this.end * 1e-7));
    const span = Math.min(this.end, Math.max(least, to - from));
    this.from = Math.min(Math.max(0, from), this.end - span);
    this.to = this.from + span;
  }
  zoom(factor, at = (this.from + this.to) / 2) {
    this.set(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }
  pan(part) {
    const by = (this.to - this.from) * part;
    this.set(this.from + by, this.to + by);
  }
  show(from, to) {
    const margin = Math.max((to - from) * 0.25, this.end * 2e-5, 40);
    this.set(from - margin, to + margin);
  }
}

// Round steps for an axis: 1, 2 or 5 times a power of ten.
function ticks(from, to, most) {
  const raw = (to - from) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= raw);
  const out = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) out.push(at);
  return { step, at: out };
}

function tickText(run, at, step) {
  if (!run.timed) return String(Math.round(at));
  if (step >= 1e8) return `${(at / 1e9).toFixed(step >= 1e9 ? 0 : 1)} s`;
  return `${(at / 1e9).toFixed(Math.min(9, Math.max(2, 9 - Math.floor(Math.log10(step)))))} s`;
}
