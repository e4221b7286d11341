// Looks at pages in a real browser, in both colour schemes: page.mjs FILE.html… Each must draw
// itself without a complaint, a request or a dialog, and have no violation of WCAG 2.2 A or AA that
// axe-core finds; reports of a violation are walked through by keyboard alone. Prints the times that
// pages of at least 100 000 operations took; fails beyond the budget.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, resolve } from "node:path";
import { chromium } from "playwright-core";

const OPEN_MS = 2000, FRAME_MS = 50, FILE_BYTES = 15e6;
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const failures = [];
let where = "";
function expect(holds, what) {
  if (!holds) failures.push(`${where}: ${what}`);
}

async function open(browser, address, colorScheme) {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1400, height: 1000 } });
  const page = await context.newPage();
  page.on("console", (message) => expect(false, `console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => expect(false, `error: ${error.message}`));
  page.on("dialog", (dialog) => { expect(false, `dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on("request", (request) => {
    const url = request.url();
    expect(url.startsWith(address.split("#")[0].split("?")[0]) || /^(data|blob):/.test(url), `request: ${url}`);
  });
  await page.goto(address);
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true" || !document.querySelector("script"));
  return page;
}

async function accessible(page) {
  // The policy of the page forbids scripts; the debugger's evaluation is not bound by it.
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
  })).violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`));
  for (const violation of found) expect(false, `axe: ${violation}`);
}

/// From the verdict to an anomaly, its operation and the evidence, with keys alone.
async function walk(page) {
  const focus = () => page.evaluate(() => {
    const at = document.activeElement;
    return `${at?.tagName.toLowerCase() ?? ""}#${at?.id ?? ""}.${at?.className ?? ""} ${at?.textContent?.trim().slice(0, 40) ?? ""}`;
  });
  const tabTo = async (what) => {
    for (let tries = 0; tries < 120; tries++) {
      await page.keyboard.press("Tab");
      if (what.test(await focus())) return true;
    }
    return false;
  };
  expect(await tabTo(/\.jump/), "the keyboard reaches an anomaly");
  await page.keyboard.press("Enter");
  expect(/#canvas/.test(await focus()), "an anomaly leads into the timeline");
  await page.keyboard.press("j");
  await page.waitForFunction(() => document.getElementById("details").textContent.includes("Selected operation"));
  const first = await page.textContent("#details");
  await page.keyboard.press("j");
  await page.waitForFunction((before) => document.getElementById("details").textContent !== before, first);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("details").textContent.includes("pinned"));
  expect(/^#op=\d+$/.test(new URL(page.url()).hash), "the address names the operation");
  await page.keyboard.press("/");
  expect(/#find/.test(await focus()), "/ leads to the search");
  await page.keyboard.type("#0");
  await page.waitForFunction(() => document.getElementById("found").textContent.startsWith("1 found"));
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash === "#op=0");
  await page.evaluate(() => document.body.focus());
  await page.goto(page.url().split("#")[0] + "#anomaly=1");
  await page.evaluate(() => document.querySelector(".skip").focus());
  expect(await tabTo(/step-evidence/), "the keyboard reaches a step's evidence");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement.parentElement.open), "the evidence opens");
}

async function timed(page, size) {
  const opened = await page.evaluate(() => performance.now());
  // The cards stand before the data and are painted first.
  const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? performance.now());
  const frames = await page.evaluate(async () => {
    const canvas = document.getElementById("canvas"), times = [];
    canvas.focus();
    for (const key of ["+", "+", "+", "d", "d", "a", "+", "+", "d", "-", "-", "-", "-", "-", "0"]) {
      const begin = performance.now();
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      times.push(performance.now() - begin);
    }
    return times.sort((a, b) => a - b);
  });
  const middle = frames[frames.length >> 1], worst = frames[frames.length - 1];
  console.log(`${where}: ${size.operations} operations, ${(size.bytes / 1e6).toFixed(1)} MB, first anomaly painted after ${painted.toFixed(0)} ms, run drawn ${opened.toFixed(0)} ms; a step takes ${middle.toFixed(1)} ms, at worst ${worst.toFixed(1)} ms`);
  expect(size.bytes <= FILE_BYTES, `${size.bytes} bytes`);
  if (process.env.ASSAY_PAGE_TIMES) {
    expect(painted <= OPEN_MS, `first anomaly painted after ${painted.toFixed(0)} ms`);
    expect(opened <= 2 * OPEN_MS, `run drawn after ${opened.toFixed(0)} ms`);
    expect(middle <= FRAME_MS, `a step takes ${middle.toFixed(1)} ms`);
  }
}

const browser = await chromium.launch({ executablePath: process.env.ASSAY_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
try {
  for (const file of process.argv.slice(2)) {
    for (const scheme of ["light", "dark"]) {
      where = `${basename(file)} (${scheme})`;
      const address = `file://${resolve(file)}`;
      const page = await open(browser, address, scheme);
      const operations = await page.evaluate(() => JSON.parse(document.getElementById("meta")?.textContent ?? "{}").operations ?? 0);
      if (operations >= 100000) await timed(page, { operations, bytes: readFileSync(file).length });
      else await accessible(page);
      if (basename(file) === "violation.html" && scheme === "light") await walk(page);
      await page.screenshot({ path: file.replace(/html$/, `${scheme}.png`), fullPage: operations < 100000 });
      await page.context().close();
    }
  }
} finally {
  await browser.close();
}
for (const failure of failures) console.log(failure);
process.exit(failures.length === 0 ? 0 : 1);
