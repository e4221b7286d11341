// Words about operations: tooltip, the selected operation, the table of those in view. Everything
// is put in as text; nothing of a history is ever parsed as markup.

const TABLE_ROWS = 200;

function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function showTip(tip, box, x, y, text) {
  tip.hidden = text === null;
  if (text === null) return;
  tip.textContent = text;
  const left = Math.min(x + 16, box.clientWidth - tip.offsetWidth - 8);
  const top = y + 18 + tip.offsetHeight > box.clientHeight ? y - tip.offsetHeight - 12 : y + 18;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}

function tipText(run, op) {
  return describe(run, op).map(([name, value]) => name === "operation" ? value : `${name} ${value}`).join("\n");
}

function showDetails(run, op) {
  const box = document.getElementById("details");
  box.replaceChildren();
  if (op < 0) return;
  const list = element("dl");
  for (const [name, value] of describe(run, op)) {
    const row = element("div");
    const text = element("dd");
    text.append(element("bdi", value));
    row.append(element("dt", name), text);
    list.append(row);
  }
  if (run.witness[op]) list.append(witnessOf(run, op));
  box.append(element("h3", "Selected operation"), list);
}

function witnessOf(run, op) {
  const row = element("div");
  const numbers = run.anomalies.flatMap((a, i) => a.ops.includes(op) ? [i + 1] : []);
  row.append(element("dt", "witness of"));
  const text = element("dd");
  for (const number of numbers) {
    const link = element("a", `anomaly ${number}`);
    link.href = `#anomaly-${number}`;
    text.append(link, " ");
  }
  row.append(text);
  return row;
}

function inView(run, view) {
  const out = [];
  let more = false;
  for (let op = 0; op < run.size; op++) {
    if (run.start[op] > view.to) break;
    if (drawnEnd(run, op) < view.from) continue;
    if (out.length === TABLE_ROWS) { more = true; break; }
    out.push(op);
  }
  return { ops: out, more };
}

function fillTable(run, view, onSelect) {
  const box = document.querySelector("#view-table .scroll");
  const { ops, more } = inView(run, view);
  const table = element("table");
  table.append(element("caption", more
    ? `The first ${TABLE_ROWS} operations in view; zoom in to see fewer.`
    : `${ops.length} operations in view.`));
  const names = ["Event", "Process", "Operation", "Outcome", "Start", "End"];
  const head = element("tr");
  for (const name of names) {
    const cell = element("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = element("tbody");
  for (const op of ops) {
    const row = element("tr");
    const event = element("td", undefined, "n");
    const button = element("button", String(run.event[op]));
    button.type = "button";
    button.addEventListener("click", () => onSelect(op));
    event.append(button);
    const key = run.meta.keyed ? `${run.keys[run.keyId[op]]}: ` : "";
    row.append(event, element("td", String(run.process[op]), "n"),
      element("td", key + run.labels[run.labelId[op]], "v"),
      element("td", OUTCOMES[run.outcome[op]], ["ok", "fail", "info"][run.outcome[op]]),
      element("td", momentText(run, run.start[op]), "n"),
      element("td", run.duration[op] < 0 ? "never returned" : momentText(run, drawnEnd(run, op)), "n"));
    body.append(row);
  }
  const top = element("thead");
  top.append(head);
  table.append(top, body);
  box.replaceChildren(table);
}
