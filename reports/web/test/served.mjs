// Looks at `assay serve` of the store that store.mjs wrote, in real browsers: served.mjs ADDRESS PICTURES. By keyboard
// and mouse: search, filter, sort, a finding's runs, two runs chosen and compared; hostile names stay text, and a
// report that is served reaches nothing.
import { accessible, at, expect, finish, inBrowsers, open, picture, tabTo } from "./browser.mjs";

const [address, pictures] = process.argv.slice(2);
const ALL = 14;
const count = (page) => page.textContent("#count");
const counts = (page, words) => page.waitForFunction((wanted) => document.getElementById("count").textContent === wanted, words);

async function table(page) {
  expect(await count(page) === `${ALL} of ${ALL} runs`, `the table has all runs: ${await count(page)}`);
  expect(await page.locator("img, svg svg, tbody script").count() === 0, "no element of a hostile name");
  expect(await page.locator("tbody").last().textContent().then((text) => text.includes("onerror=alert(1)")), "a hostile name is shown");
  expect(!(await page.textContent("body")).includes("\u202e"), "nothing turns the text around");
  expect(await tabTo(page, /#find/), "the keyboard reaches the search");
  await page.keyboard.type("violation seed-7 stale");
  await counts(page, `0 of ${ALL} runs`);
  await page.fill("#find", "stale-read");
  await counts(page, `5 of ${ALL} runs`);
  await page.fill("#find", "");
  await page.selectOption("select >> nth=0", "pass");
  await counts(page, `6 of ${ALL} runs`);
  await page.selectOption("select >> nth=0", "");
  await page.click("text=0f9e8d7c6b5a >> nth=0");
  await counts(page, `3 of ${ALL} runs`);
  await page.click("text=Finding 0f9e8d7c6b5a");
  await counts(page, `${ALL} of ${ALL} runs`);
  const seeds = () => page.locator("table.store").last().locator("tbody tr td:last-child").allTextContents();
  await page.click("button.sort:has-text('Seed')");
  const up = (await seeds()).map(Number);
  await page.click("button.sort:has-text('Seed')");
  const down = (await seeds()).map(Number);
  expect(up.every((seed, i) => i === 0 || seed > up[i - 1]), `sorted by seed: ${up}`);
  expect(down.join() === [...up].reverse().join(), `and down: ${down}`);
  expect(await page.locator("[aria-sort=descending]").count() === 1, "the sorted column says so");
}

async function compare(page) {
  for (const seed of [2, 11]) await page.check(`input[aria-label$="-${seed}"]`);
  await page.click("#compare");
  await page.waitForFunction(() => document.title.startsWith("Two runs"));
  const text = await page.textContent("main");
  expect(text.includes("lost-update") && text.includes("gone"), "the comparison names what is gone");
  await accessible(page);
  await page.goBack();
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
}

/// A report that was changed by whoever could: it tells in its title how far it got.
async function report(browser, scheme, name) {
  const context = await browser.newContext({ colorScheme: name === "chromium" ? scheme : null });
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
  const link = await page.locator("a[href$='report.html']").first().getAttribute("href");
  const response = await page.goto(new URL(link, address).href);
  expect(response.status() === 200, "a report is served");
  await page.waitForFunction(() => document.title !== "r");
  await page.waitForTimeout(300);
  expect(await page.title() === "ran", `a report reaches nothing: ${await page.title()}`);
  await context.close();
}

await inBrowsers(async (browser, name, scheme) => {
  at(`serve (${name}, ${scheme})`);
  const page = await open(browser, address, scheme, (url) => url.startsWith(new URL("/", address).href));
  await accessible(page);
  if (scheme === "light") {
    await table(page);
    await compare(page);
    await report(browser, scheme, name);
  }
  await picture(page, `${pictures}/serve.${name}.${scheme}.png`, true);
  await page.context().close();
});
finish();
