// A student with the page of a dispute open while it is played. Prints one JSON object of what was seen; the tests judge
// it. Arguments: the address of the list, which need not be there yet, and where screenshots go (or null).

import { mkdirSync } from "node:fs";
import { launch, leastContrast } from "./browser.mjs";

const [base, shots] = [process.argv[2], JSON.parse(process.argv[3])];
const seen = { errors: [], hosts: [], rounds: [], statuses: [] };
const browser = await launch();

async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") seen.errors.push(message.text()); });
  page.on("request", (request) => { if (!request.url().startsWith("data:")) seen.hosts.push(new URL(request.url()).host); });
  return page;
}

async function shot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.waitForTimeout(700);
  await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
}

const text = async (page, selector) => (await page.locator(selector).first().innerText()).replace(/\s+/g, " ").trim();

/** Watch it narrow, from before it is opened to the verdict, without ever loading the page again. */
async function watch(page) {
  let navigations = 0;
  page.on("framenavigated", () => navigations++);
  for (let tries = 0; ; tries++) {
    const there = await fetch(base).catch(() => null);
    if (there?.ok) break;
    if (tries > 600) throw new Error("nobody serves the page");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await page.goto(`${base}/0`);
  seen.before = await text(page, "#verdict");
  await page.evaluate(() => {
    window.noted = [];
    const note = () => {
      const banner = document.querySelector(".verdict");
      if (!banner) return;
      const now = { status: banner.dataset.status, round: Number(banner.dataset.round), strips: document.querySelectorAll(".rounds svg").length };
      if (JSON.stringify(now) !== JSON.stringify(window.noted.at(-1))) window.noted.push(now);
    };
    document.addEventListener("swapped", note);
  });
  await page.locator(".verdict[data-status=open]").waitFor();
  await page.locator(".rounds .part.picked").nth(2).waitFor();
  await shot(page, "dispute-narrowing-dark");
  await page.locator(".verdict:not([data-status=open])").waitFor();
  await page.locator(".claim.verdict-of-l1 .state-hash").waitFor();
  seen.noted = await page.evaluate(() => window.noted);
  seen.navigations = navigations;
}

async function read(page) {
  seen.verdict = await text(page, ".verdict");
  seen.picked = await page.locator(".rounds > li").evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll("rect")].findIndex((part) => part.classList.contains("picked"))));
  seen.parts = await page.locator(".rounds > li").evaluateAll((rows) => rows.map((row) => row.querySelectorAll("rect").length));
  seen.labels = await page.locator(".rounds svg").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  seen.step = await text(page, "#step dl.facts");
  seen.claims = await page.locator(".claim").evaluateAll((all) => all.map((one) => ({
    who: one.dataset.who,
    hash: one.querySelector(".state-hash")?.textContent ?? null,
    differs: [...one.querySelectorAll(".differs")].map((value) => [value.previousElementSibling.textContent, value.textContent]),
    computed: one.classList.contains("computed"),
  })));
  seen.bonds = await page.locator("#bonds .bond p:first-of-type, #bonds .burnt").allInnerTexts();
  seen.moves = await page.locator("#moves tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].slice(0, 4).map((cell) => cell.textContent)));
}

/** Tab to a round, open what was posted in it, and keep one's place while the page refreshes itself. */
async function keyboard(page) {
  const outlines = [];
  for (let press = 0; press < 30; press++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => ({ id: document.activeElement.id, outline: getComputedStyle(document.activeElement).outlineStyle }));
    outlines.push(at.outline);
    if (at.id === "round-3-states") break;
  }
  seen.outlines = outlines;
  await page.keyboard.press("Enter");
  seen.states = await page.locator("details[open] .states li").count();
  seen.stateClasses = await page.locator("details[open] .states li").evaluateAll((all) => all.map((one) => one.className));
  await page.evaluate(() => new Promise((resolve) => document.addEventListener("swapped", resolve, { once: true })));
  seen.kept = await page.evaluate(() => ({ id: document.activeElement.id, open: document.querySelectorAll("details[open]").length }));
  await page.keyboard.press("Enter");
}

async function look(scheme) {
  const page = await open({ colorScheme: scheme, reducedMotion: "reduce", viewport: { width: 375, height: 740 }, hasTouch: true });
  await page.goto(base);
  const list = await page.evaluate(() => document.documentElement.scrollWidth);
  seen.listed = await text(page, "#disputes tbody tr");
  await page.locator("#disputes tbody a").click();
  await page.locator(".claim.verdict-of-l1 .state-hash").waitFor();
  const found = {
    width: Math.max(list, await page.evaluate(() => document.documentElement.scrollWidth)),
    contrast: await leastContrast(page),
    paper: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
  };
  await shot(page, `dispute-phone-${scheme}`);
  await page.context().close();
  return found;
}

try {
  const page = await open({ colorScheme: "dark" });
  await watch(page);
  await read(page);
  await keyboard(page);
  await page.context().close();
  const light = await open({ colorScheme: "light" });
  await light.goto(`${base}/0`);
  await light.locator(".claim.verdict-of-l1 .state-hash").waitFor();
  await shot(light, "dispute-light");
  await light.context().close();
  seen.light = await look("light");
  seen.dark = await look("dark");
  seen.hosts = [...new Set(seen.hosts)];
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
