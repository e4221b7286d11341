// Writes a run store for the tests of `assay serve`: store.mjs FOLDER. Twelve runs of a campaign, in which one
// finding comes and goes and another is gone; a run whose every text is hostile; one that goes on.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'&amp;\u2028\u0001\u001b[31m\u202eevil<svg onload=alert(2)>";
const HISTORY = [{ assay: "history/1", datatype: "register", initial: null },
  ...[..."abcdefgh"].flatMap((value, i) => ["invoke", "ok"].map((type, end) => ({ index: 2 * i + end, time: (2 * i + end) * 1e8, process: 0, type, f: "write", value, node: "n1" }))),
].map((line) => JSON.stringify(line)).join("\n") + "\n";
const root = process.argv[2];
rmSync(root, { recursive: true, force: true });

function finding(fingerprint, type, claim) {
  return { fingerprint, family: `f${fingerprint.slice(1)}`, type, model: "linearizable", shape: "write -reads-from> read", claim, steps: [], faults: "partition", count: 2 };
}

function write(index, text, findings, finished = true) {
  const started = new Date(Date.UTC(2026, 10, 20, 8, 5 * index)).toISOString().slice(0, 19) + "Z";
  const folder = join(root, "reference", "register", `${started.replace(/[-:]/g, "")}-${index}`);
  mkdirSync(join(folder, "logs", "n1"), { recursive: true });
  const facts = {
    target: `reference${text}`, configuration: `protocol=primary-backup replication=async${text}`, workload: `register${text}`,
    model: `linearizable${text}`, faults: ["partition", `kill${text}`], seed: index, started, duration_s: 30.2,
    verdict: findings.length ? "violation" : "pass", unknown_because: "", operations: 18000 + index, anomalies: findings.length,
    campaign: `nightly${text}`, experiment: `lag${text}`, command: `assay run reference --seed ${index}`,
    findings, measures: {}, in_flight: {}, acknowledged: {},
  };
  const known = { nodes: ["n1", `n2${text}`], facts: { version: `1.${index}${text}` }, assay: "0.1.0", target_options: { replication: "async" }, workload_options: {}, threads: 10, time_limit_ns: 30e9, stagger_ns: 1e6, op_timeout_ns: 2e9, fault_interval_ns: 5e9 };
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ schema: "assay.plan/1", ...facts, ...known }));
  writeFileSync(join(folder, "logs", "n1", "node.log"), `2026-11-20T08:00:00Z ${HOSTILE}\n`);
  writeFileSync(join(folder, "history.assay"), HISTORY);
  if (!finished) return;
  writeFileSync(join(folder, "verdict.json"), JSON.stringify({ models: { linearizable: facts.verdict, [`sequential${text}`]: "pass" } }));
  writeFileSync(join(folder, "summary.json"), JSON.stringify({ schema: "assay.run/1", ...facts }));
  writeFileSync(join(folder, "report.html"), `<!doctype html><title>r</title><script>document.title = "ran"; fetch("/api/store").then(() => { document.title = "reached"; });</script>`);
}

const stale = finding("a1b2c3d4e5f6", "stale-read", "A read returned a value that had been overwritten before the read began.");
const lost = finding("0f9e8d7c6b5a", "lost-update", "Two transactions read the same version, and both replaced it.");
for (let i = 0; i < 12; i++) write(i, "", [...([1, 2, 5, 7, 10].includes(i) ? [stale] : []), ...(i < 3 ? [lost] : [])]);
write(12, HOSTILE, [{ ...finding("<img src=x>", HOSTILE, HOSTILE), model: HOSTILE }]);
write(13, "", [], false);
