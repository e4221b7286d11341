// Brings the page to life: theme, copy buttons, and the timeline with its mouse and keys.

function setUpPage() {
  document.documentElement.dataset.script = "true";
  document.getElementById("theme").addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    document.dispatchEvent(new Event("themechange"));
  });
  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", async () => {
      const text = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(text);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }
}

class Timeline {
  constructor(run) {
    this.run = run;
    this.canvas = document.getElementById("canvas");
    this.box = this.canvas.parentElement;
    this.tip = document.getElementById("tip");
    this.view = new View(run.end);
    this.painter = new Painter(this.canvas, run, this.view);
    this.current = -1;
    this.table = document.getElementById("view-table");
    this.listen();
    this.painter.resize();
    this.drawNow();
  }

  // The words at once, the picture with the next frame.
  redraw() {
    this.tell();
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.painter.draw(); });
  }

  drawNow() {
    this.tell();
    this.painter.draw();
  }

  tell() {
    const { run, view } = this;
    document.getElementById("range").textContent =
      `${momentText(run, view.from, 3)} – ${momentText(run, view.to, 3)}`;
    if (!this.table.open) return;
    clearTimeout(this.tableTimer);
    this.tableTimer = setTimeout(() => fillTable(run, view, (op) => this.select(op)), 150);
  }

  listen() {
    const { canvas } = this;
    new ResizeObserver(() => { this.painter.resize(); this.drawNow(); }).observe(this.box);
    const recolour = () => { this.painter.readColours(); this.redraw(); };
    document.addEventListener("themechange", recolour);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointerleave", () => this.hover(null));
    canvas.addEventListener("dblclick", () => this.act("fit"));
    canvas.addEventListener("keydown", (event) => this.key(event));
    this.table.addEventListener("toggle", () => this.redraw());
    for (const button of document.querySelectorAll(".toolbar button")) {
      button.addEventListener("click", () => this.act(button.dataset.act));
    }
    for (const button of document.querySelectorAll(".jump")) {
      button.addEventListener("click", () => this.jump(Number(button.dataset.anomaly) - 1, true));
    }
    document.getElementById("next-anomaly").hidden = this.run.anomalies.length === 0;
  }

  // The wheel belongs to the page until the timeline has been clicked into.
  wheel(event) {
    if (document.activeElement !== this.canvas && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.view.pan((event.deltaX || event.deltaY) / 800);
    } else {
      this.view.zoom(1.0015 ** event.deltaY, this.view.at(event.offsetX));
    }
    this.redraw();
  }

  press(event) {
    this.drag = { x: event.offsetX, from: this.view.from, to: this.view.to, moved: false };
    this.canvas.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.drag) { this.hover(event); return; }
    const by = event.offsetX - this.drag.x;
    if (Math.abs(by) > 3) this.drag.moved = true;
    if (!this.drag.moved) return;
    this.canvas.classList.add("moving");
    const shift = by / (this.view.right - this.view.left) * (this.drag.to - this.drag.from);
    this.view.set(this.drag.from - shift, this.drag.to - shift);
    this.redraw();
  }

  release(event) {
    const drag = this.drag;
    this.drag = null;
    this.canvas.classList.remove("moving");
    if (drag && !drag.moved) this.select(this.painter.operationAt(event.offsetX, event.offsetY));
  }

  hover(event) {
    const op = event ? this.painter.operationAt(event.offsetX, event.offsetY) : -1;
    const fault = event && op < 0 ? this.painter.faultAt(event.offsetX, event.offsetY) : null;
    this.painter.hovered = op;
    this.painter.cross = event && event.offsetX >= GUTTER ? event.offsetX : null;
    let text = null;
    if (op >= 0) text = tipText(this.run, op);
    if (fault) {
      text = `${fault.kind}\n${fault.what}\n${momentText(this.run, fault.from, 3)} – ${momentText(this.run, fault.to, 3)}`;
    }
    showTip(this.tip, this.box, event?.offsetX ?? 0, event?.offsetY ?? 0, text);
    this.redraw();
  }

  select(op, scroll = false) {
    this.painter.selected = op;
    showDetails(this.run, op);
    if (op >= 0) {
      const end = this.run.duration[op] < 0 ? this.run.start[op] : drawnEnd(this.run, op);
      if (end < this.view.from || this.run.start[op] > this.view.to) this.view.show(this.run.start[op], end);
      replaceHash(`#op=${this.run.event[op]}`);
    }
    if (scroll) this.canvas.scrollIntoView({ block: "nearest" });
    this.redraw();
  }

  jump(index, scroll) {
    const anomaly = this.run.anomalies[index];
    if (!anomaly || anomaly.ops.length === 0) return;
    this.current = index;
    const { run } = this;
    const from = Math.min(...anomaly.ops.map((op) => run.start[op]));
    const to = Math.max(...anomaly.ops.map((op) => run.duration[op] < 0 ? run.start[op] : drawnEnd(run, op)));
    this.view.show(from, to);
    if (scroll) {
      document.getElementById("run").scrollIntoView({ block: "start" });
      this.canvas.focus({ preventScroll: true });
    }
    replaceHash(`#at-anomaly=${index + 1}`);
    this.redraw();
  }

  step(by) {
    const { run, painter } = this;
    if (painter.selected < 0) {
      const { ops } = inView(run, this.view);
      if (ops.length > 0) this.select(ops[0]);
      return;
    }
    const ops = run.lanes[run.lane[painter.selected]].ops;
    const next = ops.indexOf(painter.selected) + by;
    if (next >= 0 && next < ops.length) this.select(ops[next]);
  }

  act(name) {
    const count = this.run.anomalies.length;
    const acts = {
      in: () => this.view.zoom(0.6), out: () => this.view.zoom(1 / 0.6),
      left: () => this.view.pan(-0.2), right: () => this.view.pan(0.2),
      fit: () => this.view.set(0, this.run.end),
      anomaly: () => this.jump((this.current + 1) % count, false),
      before: () => this.jump((Math.max(this.current, 0) + count - 1) % count, false),
      next: () => this.step(1), previous: () => this.step(-1), clear: () => this.select(-1),
    };
    acts[name]();
    this.redraw();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const name = {
      ArrowLeft: "left", a: "left", ArrowRight: "right", d: "right", ArrowUp: "in", w: "in",
      "+": "in", "=": "in", ArrowDown: "out", s: "out", "-": "out", 0: "fit", Home: "fit",
      n: "anomaly", p: "before", j: "next", k: "previous", Escape: "clear",
    }[event.key];
    if (!name) return;
    if ((name === "anomaly" || name === "before") && this.run.anomalies.length === 0) return;
    event.preventDefault();
    this.act(name);
  }

  // #op=412 or #at-anomaly=1: the address of what is shown.
  follow(hash) {
    const op = /^#op=(\d+)$/.exec(hash), anomaly = /^#at-anomaly=(\d+)$/.exec(hash);
    if (op && this.run.byEvent.has(Number(op[1]))) {
      const found = this.run.byEvent.get(Number(op[1]));
      this.view.show(this.run.start[found], this.run.duration[found] < 0 ? this.run.start[found] : drawnEnd(this.run, found));
      this.select(found, true);
    }
    if (anomaly) this.jump(Number(anomaly[1]) - 1, true);
  }
}

function replaceHash(hash) {
  try { history.replaceState(null, "", hash); } catch { /* an opaque page has no address to change */ }
}

async function main() {
  setUpPage();
  try {
    const timeline = new Timeline(makeRun(readMeta(), await readColumns()));
    timeline.follow(location.hash);
  } catch (error) {
    const trouble = document.getElementById("trouble");
    trouble.textContent = `The timeline could not be drawn: ${error.message}`;
    trouble.hidden = false;
    console.error(error);
    return;
  }
  document.documentElement.dataset.ready = "true";
}

main();
