// Looks at pages in real browsers, in both colour schemes: page.mjs FILE.html… Each must draw itself
// without a complaint, a request or a dialog, and be accessible (browser.mjs); reports of a violation
// are walked through by keyboard alone. Prints the times that pages of at least 100 000 operations
// took; with ASSAY_PAGE_TIMES it fails beyond the budget.
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { accessible, at, expect, finish, focus, inBrowsers, open, picture, tabTo } from "./browser.mjs";

const OPEN_MS = 2000, FRAME_MS = 50, FILE_BYTES = 15e6;

/// From the verdict to an anomaly, its operation and the evidence, with keys alone.
async function walk(page) {
  expect(await tabTo(page, /\.jump/), "the keyboard reaches an anomaly");
  await page.keyboard.press("Enter");
  expect(/#canvas/.test(await focus(page)), "an anomaly leads into the timeline");
  await page.keyboard.press("j");
  await page.waitForFunction(() => document.getElementById("details").textContent.includes("Selected operation"));
  const first = await page.textContent("#details");
  await page.keyboard.press("j");
  await page.waitForFunction((before) => document.getElementById("details").textContent !== before, first);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("details").textContent.includes("pinned"));
  expect(/^#op=\d+$/.test(new URL(page.url()).hash), "the address names the operation");
  await page.keyboard.press("/");
  expect(/#find/.test(await focus(page)), "/ leads to the search");
  await page.keyboard.type("#0");
  await page.waitForFunction(() => document.getElementById("found").textContent.startsWith("1 found"));
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash === "#op=0");
  await page.evaluate(async () => {
    const followed = new Promise((done) => addEventListener("hashchange", () => setTimeout(done), { once: true }));
    location.hash = "#anomaly=1";
    await followed;
    document.querySelector(".skip").focus();
  });
  expect(await tabTo(page, /step-evidence/), "the keyboard reaches a step's evidence");
  await page.keyboard.press("Enter");
  const opens = page.waitForFunction(() => document.activeElement.parentElement.open, null, { timeout: 5000 });
  expect(await opens.then(() => true, () => false), "the evidence opens");
}

const STEPS = ["+", "+", "+", "d", "d", "a", "+", "+", "d", "-", "-", "-", "-", "-", "0", "n", "j", "j", "k", "0"];
const middle = (times) => [...times].sort((a, b) => a - b)[times.length >> 1];
const told = (times) => `${middle(times).toFixed(1)} ms (first ${times[0].toFixed(1)}, worst ${Math.max(...times).toFixed(1)})`;

/// How long each step took from the key to its frame; in Chromium also how long the page's thread
/// was busy with it, which other programs do not disturb.
async function stepped(page) {
  const chromium = page.context().browser().browserType().name() === "chromium";
  const debuggee = chromium ? await page.context().newCDPSession(page) : null;
  await debuggee?.send("Performance.enable", { timeDomain: "threadTicks" });
  const busySoFar = async () => (await debuggee.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value * 1000;
  const taken = [], busy = [];
  for (const key of STEPS) {
    const before = debuggee ? await busySoFar() : 0;
    taken.push(await page.evaluate(async (pressed) => {
      const canvas = document.getElementById("canvas"), begin = performance.now();
      canvas.focus();
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key: pressed, bubbles: true }));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - begin;
    }, key));
    if (debuggee) busy.push(await busySoFar() - before);
  }
  return { taken, busy };
}

async function timed(page, where, size) {
  const opened = await page.evaluate(async () => {
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    return performance.now();
  });
  // The cards stand before the data and are painted first.
  const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? performance.now());
  const { taken, busy } = await stepped(page);
  console.log(`${where}: ${size.operations} operations, ${(size.bytes / 1e6).toFixed(1)} MB, first anomaly painted after ${painted.toFixed(0)} ms, run drawn ${opened.toFixed(0)} ms; a step takes ${told(taken)}${busy.length > 0 ? `, of the page's thread ${told(busy)}` : ""}`);
  expect(size.bytes <= FILE_BYTES, `${size.bytes} bytes`);
  if (process.env.ASSAY_PAGE_TIMES) {
    expect(painted <= OPEN_MS, `first anomaly painted after ${painted.toFixed(0)} ms`);
    expect(opened <= 2 * OPEN_MS, `run drawn after ${opened.toFixed(0)} ms`);
    expect(middle(taken) <= FRAME_MS, `a step takes ${told(taken)}`);
    for (const time of busy) expect(time <= FRAME_MS, `a step keeps the page's thread busy for ${time.toFixed(1)} ms`);
  }
}

await inBrowsers(async (browser, name, scheme) => {
  for (const file of process.argv.slice(2)) {
    const where = `${basename(file)} (${name}, ${scheme})`;
    at(where);
    const address = `file://${resolve(file)}`;
    const page = await open(browser, address, scheme, (url) => url.split("#")[0] === address);
    const operations = await page.evaluate(() => JSON.parse(document.getElementById("meta")?.textContent ?? "{}").operations ?? 0);
    if (operations >= 100000) await timed(page, where, { operations, bytes: readFileSync(file).length });
    else await accessible(page);
    if (basename(file) === "violation.html" && scheme === "light") await walk(page);
    await picture(page, file.replace(/html$/, `${name}.${scheme}.png`), operations < 100000);
    await page.context().close();
  }
});
finish();
