// What the tests of the pages share: Chromium and Firefox, and what must hold of any page in them.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, firefox } from "playwright-core";

const CHROMIUM = process.env.ASSAY_CHROMIUM ?? "/usr/bin/chromium";
const FIREFOX = process.env.ASSAY_FIREFOX ?? "/usr/bin/firefox-esr";
export const SCHEMES = ["light", "dark"];

/// Each browser there is, once in each colour scheme: `look(browser, name, scheme)`.
export async function inBrowsers(look) {
  for (const scheme of SCHEMES) {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
    await look(browser, "chromium", scheme).finally(() => browser.close());
  }
  if (!existsSync(FIREFOX)) {
    console.log(`no Firefox at ${FIREFOX}: seen in Chromium alone`);
    return;
  }
  for (const scheme of SCHEMES) {
    // The protocol of this Firefox cannot choose a colour scheme; its settings can.
    const browser = await firefox.launch({ channel: "moz-firefox", executablePath: FIREFOX, firefoxUserPrefs: { "layout.css.prefers-color-scheme.content-override": scheme === "dark" ? 0 : 1 } });
    await look(browser, "firefox", scheme).finally(() => browser.close());
  }
}

const failures = [];
let where = "";
export function at(place) { where = place; }
export function expect(holds, what) {
  if (!holds) failures.push(`${where}: ${what}`);
}
export function finish() {
  for (const failure of failures) console.log(failure);
  process.exit(failures.length === 0 ? 0 : 1);
}

/// A new page at `address`, of which every complaint, dialog and request of something that `asks`
/// does not allow is a failure.
export async function open(browser, address, colorScheme, asks) {
  const chooses = browser.browserType().name() === "chromium";
  const context = await browser.newContext({ colorScheme: chooses ? colorScheme : null, viewport: { width: 1400, height: 1000 } });
  const page = await context.newPage();
  page.on("console", (message) => expect(false, `console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => expect(false, `error: ${error.message}`));
  page.on("dialog", (dialog) => { expect(false, `dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on("request", (request) => expect(asks(request.url()) || /^(data|blob):/.test(request.url()), `request: ${request.url()}`));
  await page.goto(address);
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true" || !document.querySelector("script"));
  expect(await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches) === (colorScheme === "dark"), `the browser shows ${colorScheme}`);
  return page;
}

/// The last thing to do with a page: for a picture of a Firefox the page gets a style that its policy refuses.
export async function picture(page, path, whole) {
  for (const complaint of ["console", "pageerror"]) page.removeAllListeners(complaint);
  await page.screenshot({ path, fullPage: whole });
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/// No violation of WCAG 2.2 A or AA that axe-core finds.
export async function accessible(page) {
  // The policy of the page forbids scripts; the debugger's evaluation is not bound by it.
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
  })).violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`));
  for (const violation of found) expect(false, `axe: ${violation}`);
}

/// What has the focus: "button#find.class text".
export const focus = (page) => page.evaluate(() => {
  const here = document.activeElement;
  return `${here?.tagName.toLowerCase() ?? ""}#${here?.id ?? ""}.${here?.className ?? ""} ${here?.textContent?.trim().slice(0, 40) ?? ""}`;
});
export async function tabTo(page, what) {
  for (let tries = 0; tries < 120; tries++) {
    await page.keyboard.press("Tab");
    if (what.test(await focus(page))) return true;
  }
  return false;
}
