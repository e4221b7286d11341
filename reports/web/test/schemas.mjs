// Validates SARIF logs by the official schema of version 2.1.0, as Microsoft publishes it: schemas.mjs FILE…
// A log in which something is wrong must be refused, else the schema says nothing.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv-draft-04";
import addFormats from "ajv-formats";

const schema = createRequire(import.meta.url)("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats(ajv);
const holds = ajv.compile(schema);
const failures = [];
for (const file of process.argv.slice(2)) {
  const log = JSON.parse(readFileSync(file, "utf8"));
  if (!holds(log)) failures.push(...holds.errors.slice(0, 5).map((error) => `${file}: ${error.instancePath}: ${error.message}`));
  for (const spoil of [(l) => { delete l.runs; }, (l) => { l.version = "2.0.0"; }, (l) => { l.runs[0].results[0].level = "fatal"; },
    (l) => { delete l.runs[0].tool.driver.name; }, (l) => { l.runs[0].results[0].unknown = 1; }]) {
    const spoiled = structuredClone(log);
    spoil(spoiled);
    if (holds(spoiled)) failures.push(`${file}: accepted although spoiled: ${spoil}`);
  }
}
if (process.argv.length < 3) failures.push("usage: schemas.mjs FILE…");
for (const failure of failures) console.log(failure);
process.exit(failures.length === 0 ? 0 : 1);
