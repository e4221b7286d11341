// What `assay serve` tells of the run store. All text is untrusted.
export interface StoredFinding { fingerprint: string; type: string; model: string; claim: string; count: number }
export interface StoredRun {
  folder: string; target: string; configuration: string; workload: string; model: string;
  seed: string; started: string; duration: number; verdict: string; unknown_because: string;
  operations: number; anomalies: number; campaign: string; experiment: string; faults: string[];
  findings: StoredFinding[];
  bytes: number;     // of the history so far
  report: boolean;   // there is one
  running: boolean;  // it grew within the last seconds
}
export interface FindingTrend {
  fingerprint: string; type: string; model: string; claim: string;
  target: string; configuration: string; workload: string;
  seen: number; runs: number; gone: boolean; words: string;
  occasions: { folder: string; started: string; shown: boolean }[];  // the oldest first
}
export interface Campaign {
  id: string; executor: string; running: boolean; planned: number; ended: number;
  experiments: { name: string; planned: number; ended: number; pass: number; violation: number; canary: boolean }[];
}
export interface Store { root: string; campaign: Campaign | null; notes: string[]; runs: StoredRun[]; findings: FindingTrend[] }

export const COLUMNS: { name: string; of: (run: StoredRun) => string | number; number?: boolean; right?: boolean }[] = [
  { name: "Started", of: (run) => run.started },
  { name: "Verdict", of: (run) => ["violation", "unknown", "unfinished", "pass"].indexOf(run.verdict) },
  { name: "Target", of: (run) => `${run.target} ${run.configuration}` },
  { name: "Workload", of: (run) => run.workload },
  { name: "Model", of: (run) => run.model },
  { name: "Faults", of: (run) => run.faults.join(", ") },
  { name: "Findings", of: (run) => run.findings.length, number: true },
  { name: "Operations", of: (run) => run.operations, number: true, right: true },
  { name: "Length", of: (run) => run.duration, number: true, right: true },
  { name: "Seed", of: (run) => run.seed, right: true },
];

export interface Query { text: string; verdict: string; target: string; workload: string; campaign: string; fingerprint: string; sort: number; down: boolean }

/// The runs that fit, in order. Every word of `text` must occur in what the table says of a run.
export function select(runs: StoredRun[], query: Query): StoredRun[] {
  const words = query.text.toLowerCase().split(/\s+/).filter((word) => word);
  const fits = (run: StoredRun) => {
    if (query.verdict && run.verdict !== query.verdict) return false;
    if (query.target && run.target !== query.target) return false;
    if (query.workload && run.workload !== query.workload) return false;
    if (query.campaign && run.campaign !== query.campaign) return false;
    if (query.fingerprint && !run.findings.some((f) => f.fingerprint === query.fingerprint)) return false;
    const text = [run.folder, run.target, run.configuration, run.workload, run.model, run.verdict, run.seed, run.campaign,
      run.experiment, ...run.faults, ...run.findings.map((f) => `${f.fingerprint} ${f.type} ${f.claim}`)].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const { of } = COLUMNS[query.sort]!, sign = query.down ? -1 : 1;
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  return runs.filter(fits).sort((a, b) => {
    const x = of(a), y = of(b);
    return sign * (typeof x === "number" && typeof y === "number" ? x - y : compare(String(x), String(y)));
  });
}
