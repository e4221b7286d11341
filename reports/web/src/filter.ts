// Which operations are shown, and which are found.
import { OUTCOMES, type Run } from "./run";

export interface Filter { kind: string; outcome: string; node: string; key: string }
export const EVERYTHING: Filter = { kind: "", outcome: "", node: "", key: "" };

/// One byte an operation: is it shown? null: all are.
export function shownBy(run: Run, filter: Filter): Uint8Array | null {
  const { kind, outcome, node, key } = filter;
  if (!kind && !outcome && !node && !key) return null;
  const ids = (texts: Run["kinds"], wanted: string) => {
    const out = new Uint8Array(texts.size);
    for (let i = 0; i < out.length; i++) out[i] = !wanted || texts.at(i) === wanted ? 1 : 0;
    return out;
  };
  const kinds = ids(run.kinds, kind), nodes = ids(run.nodes, node), keys = ids(run.keys, key);
  const wanted = outcome ? OUTCOMES.indexOf(outcome) : -1;
  const shown = new Uint8Array(run.size);
  for (let i = 0; i < run.size; i++) {
    if (kinds[run.kindIds[i]!] && nodes[run.nodeIds[i]!] && keys[run.keyIds[i]!] &&
        (wanted < 0 || run.outcome[i] === wanted)) shown[i] = 1;
  }
  return shown;
}

/// The operations, ascending, whose text, key or error holds this, or whose event it numbers.
export function find(run: Run, needle: string, shown: Uint8Array | null): Uint32Array {
  if (!needle) return new Uint32Array(0);
  const labels = run.labels.matching(needle), keys = run.keys.matching(needle), errors = run.errors.matching(needle);
  const event = /^#?\d+$/.test(needle) ? Number(needle.replace("#", "")) : -1;
  const onlyEvent = needle.startsWith("#");
  const found: number[] = [];
  for (let i = 0; i < run.size; i++) {
    if (shown && !shown[i]) continue;
    const holds = !onlyEvent && (labels[run.labelIds[i]!] || (run.meta.keyed && keys[run.keyIds[i]!]) || errors[run.errorIds[i]!]);
    if (holds || run.event[i] === event) found.push(i);
  }
  return Uint32Array.from(found);
}
