// Throughput and latency over the shared axis; counted by the program over all operations.

function drawThroughput(painter) {
  const { ok, info, fail, bin } = painter.run.meta.plots;
  const perSecond = 1e9 / bin;
  let most = 1;
  for (let i = 0; i < ok.length; i++) most = Math.max(most, (ok[i] + info[i] + fail[i]) * perSecond);
  const y = (rate) => painter.throughputTop + PLOT * (1 - rate / most);
  painter.throughputMost = most;
  const area = (sum, colour) => {
    const { context: c, view } = painter;
    c.fillStyle = colour;
    c.beginPath();
    c.moveTo(view.x(0), y(0));
    for (let i = 0; i < ok.length; i++) {
      const top = y(sum(i) * perSecond);
      c.lineTo(view.x(i * bin), top);
      c.lineTo(view.x((i + 1) * bin), top);
    }
    c.lineTo(view.x(ok.length * bin), y(0));
    c.fill();
  };
  area((i) => ok[i] + info[i] + fail[i], painter.colour.fail);
  area((i) => ok[i] + info[i], painter.colour.info);
  area((i) => ok[i], painter.colour.ok);
}

function drawLatency(painter) {
  const { context: c, view } = painter;
  const plots = painter.run.meta.plots;
  let least = Infinity, most = 0;
  for (let i = 0; i < plots.p50.length; i++) {
    if (plots.max[i] <= 0) continue;
    least = Math.min(least, Math.max(plots.p50[i], 1e-4));
    most = Math.max(most, plots.max[i]);
  }
  if (most === 0) return;
  const low = Math.floor(Math.log10(least)), high = Math.max(low + 1, Math.ceil(Math.log10(most)));
  painter.latencyRange = [low, high];
  const y = (ms) => painter.latencyTop + PLOT * (1 - (Math.log10(Math.max(ms, 1e-4)) - low) / (high - low));
  c.strokeStyle = painter.colour.line;
  c.lineWidth = 1;
  for (let power = low; power <= high; power++) {
    const line = Math.round(y(10 ** power)) + 0.5;
    c.beginPath();
    c.moveTo(GUTTER, line);
    c.lineTo(view.right, line);
    c.stroke();
  }
  const curve = (values, colour, dash, width) => {
    c.strokeStyle = colour;
    c.setLineDash(dash);
    c.lineWidth = width;
    c.beginPath();
    let open = false;
    for (let i = 0; i < values.length; i++) {
      if (plots.max[i] <= 0) { open = false; continue; }
      const x = view.x((i + 0.5) * plots.bin);
      if (open) c.lineTo(x, y(values[i])); else c.moveTo(x - 0.5, y(values[i])), c.lineTo(x, y(values[i]));
      open = true;
      if (!(plots.max[i - 1] > 0) && !(plots.max[i + 1] > 0)) c.lineTo(x + 2.5, y(values[i]));
    }
    c.stroke();
    c.setLineDash([]);
    c.lineWidth = 1;
  };
  curve(plots.max, painter.colour.soft, [2, 3], 1);
  curve(plots.p99, painter.colour.info, [6, 3], 1.5);
  curve(plots.p50, painter.colour.ok, [], 2);
}

function latencyLegend(painter) {
  const { context: c } = painter;
  let x = GUTTER + 6;
  const y = painter.latencyTop - 9;
  for (const [name, colour, dash] of [["p50", "ok", []], ["p99", "info", [6, 3]], ["max", "soft", [2, 3]]]) {
    c.strokeStyle = painter.colour[colour];
    c.setLineDash(dash);
    c.lineWidth = 2;
    c.beginPath(); c.moveTo(x, y); c.lineTo(x + 22, y); c.stroke();
    c.setLineDash([]);
    c.lineWidth = 1;
    c.fillStyle = painter.colour.soft;
    c.fillText(name, x + 27, y);
    x += 70;
  }
}
