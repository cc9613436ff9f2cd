// A wallet on the page of a network: it moves ether and a token from one chain to another and back.
// Prints one JSON object of what was seen; the tests judge it.
// Arguments: the page's URL, and a JSON object with the chains' endpoints, the token and the key.

import { mkdirSync } from "node:fs";
import { Wallet, JsonRpcProvider } from "ethers";
import { launch, leastContrast } from "./browser.mjs";

const [base, given] = [process.argv[2], JSON.parse(process.argv[3])];
const { chains, token, key, shots } = given; // chains: [{ name, id, url }]
const [A, B] = chains;
const seen = { errors: [], hosts: [], wallet: [], moves: [] };
const browser = await launch();
const signers = Object.fromEntries(
  chains.map(({ id, url }) => ["0x" + id.toString(16), new Wallet(key, new JsonRpcProvider(url, undefined, { staticNetwork: true, cacheTimeout: -1 }))]),
);
const address = new Wallet(key).address;

/** A wallet that knows none of the chains at first, and signs in this process for the one it is switched to. */
async function inject(page) {
  await page.exposeFunction("__signAndSend", async (chain, { from, ...transaction }) => (await signers[chain].sendTransaction(transaction)).hash);
  await page.exposeFunction("__heard", (method, params) => { seen.wallet.push([method, params]); });
  await page.addInitScript((address) => {
    let chain = "0x1";
    const known = new Set(["0x1"]);
    const fail = (code, message) => Promise.reject(Object.assign(new Error(message), { code }));
    const provider = {
      on: () => {},
      request: async ({ method, params }) => {
        window.__heard(method, params ?? []);
        if (method === "eth_requestAccounts") return [address];
        if (method === "eth_chainId") return chain;
        if (method === "eth_sendTransaction") return window.__signAndSend(chain, params[0]);
        if (method === "wallet_addEthereumChain") { known.add(params[0].chainId); return null; }
        if (method === "wallet_switchEthereumChain") {
          if (!known.has(params[0].chainId)) return fail(4902, "Unrecognized chain ID");
          chain = params[0].chainId;
          return null;
        }
        return fail(4200, `${method} is not supported`);
      },
    };
    const detail = Object.freeze({ info: { uuid: "8f1d2c1e-95b5-4b8f-a7a5-2f6f0f6d7c11", name: "Test Wallet", icon: "", rdns: "test.wallet" }, provider });
    const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
    window.addEventListener("eip6963:requestProvider", announce);
    announce();
  }, address);
}

async function open(options, wallet = false) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(90000);
  if (wallet) await inject(page);
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("console", (message) => {
    // A wish that cannot be is answered 400, which the console notes.
    if (message.type() === "error" && !/status of 400/.test(message.text())) seen.errors.push(message.text());
  });
  page.on("request", (request) => { if (!request.url().startsWith("data:")) seen.hosts.push(new URL(request.url()).host); });
  return page;
}

async function shot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
}

const text = async (page, selector) => (await page.locator(selector).first().innerText()).replace(/\s+/g, " ").trim();
const amounts = (page, chain) => page.locator(`#balances tr[data-chain="${chain}"] .amount`).allInnerTexts();

/** Fill the form and send; the movement that follows is the newest of our own. */
async function move(page, from, to, asset, amount) {
  const before = new Set(await own(page));
  await page.locator("#from").selectOption(from);
  await page.locator("#to").selectOption(to);
  await page.locator("#asset").fill(asset);
  await page.locator("#amount").fill(amount);
  // Ether needs nobody; of a token the form says before the wallet is asked what its delivery costs.
  await page.waitForFunction((said) => said.test(document.getElementById("quote").textContent), asset === "ETH" ? /no fee/ : /costs/);
  const quote = await text(page, "#quote");
  // What it says of the movement before must not be taken for an answer to this one.
  await page.locator("#hint").evaluate((hint) => { hint.textContent = ""; });
  await page.locator("#send").click();
  await page.waitForFunction(() => /^Sent\.|went wrong|refuse|expected|failed/.test(document.getElementById("hint").textContent));
  const hint = await text(page, "#hint");
  if (!hint.startsWith("Sent.")) throw new Error(hint);
  let id = null;
  for (let tries = 0; tries < 300 && id === null; tries++) {
    id = (await own(page)).find((one) => !before.has(one)) ?? null;
    if (id === null) await page.waitForTimeout(100);
  }
  const row = page.locator(`.movements [data-key="${id}"]`);
  seen.moves.push({ from, to, asset, quote, first: (await row.innerText()).replace(/\s+/g, " ") });
  return id;
}

const own = (page) => page.locator(".movements li.own").evaluateAll((rows) => rows.map((row) => row.dataset.key));

async function arrived(page, ids) {
  for (const id of ids) await page.locator(`.movements [data-key="${id}"][data-progress=delivered]`).waitFor();
}

async function journey(page) {
  await page.goto(`${base}/`);
  seen.landed = page.url();
  seen.sendDisabled = await page.locator("#send").isDisabled();
  await page.getByRole("button", { name: "Connect Test Wallet" }).click();
  await page.locator("#balances tr[data-chain]").first().waitFor();
  seen.before = { a: await amounts(page, A.name), b: await amounts(page, B.name) };
  await page.locator(`[data-use="${B.name}"]`).click();
  await page.getByText(`Your wallet is on ${B.name}.`).waitFor();

  const there = [await move(page, A.name, B.name, "ETH", "1.5"), await move(page, A.name, B.name, token, "25.5")];
  await shot(page, "network-light");
  await arrived(page, there);
  await page.waitForFunction((name) => document.querySelectorAll(`#balances tr[data-chain="${name}"] .amount`).length === 2, B.name);
  seen.there = { a: await amounts(page, A.name), b: await amounts(page, B.name) };
  const image = await page.locator(`#balances tr[data-chain="${B.name}"] .amount[title^="0x"]`).getAttribute("title");
  seen.image = image;
  await page.locator("#from").selectOption(B.name);
  await page.waitForFunction((image) => [...document.querySelectorAll("#assets option")].some((option) => option.value === image), image);

  const back = [await move(page, B.name, A.name, "ETH", "0.25"), await move(page, B.name, A.name, image, "5.5")];
  await arrived(page, back);
  await page.waitForFunction((name) => [...document.querySelectorAll(`#balances tr[data-chain="${name}"] .amount`)].some((one) => /980 SAND/.test(one.textContent)), A.name);
  seen.back = { a: await amounts(page, A.name), b: await amounts(page, B.name) };
  seen.ended = await page.locator(".movements li.own .why").allInnerTexts();

  await page.locator("#from").selectOption(A.name);
  await page.locator("#to").selectOption(A.name);
  await page.locator("#asset").fill("ETH");
  await page.locator("#send").click();
  await page.waitForFunction(() => /different/.test(document.getElementById("hint").textContent));
  seen.refused = await text(page, "#hint");
}

async function keyboard(page) {
  await page.goto(`${base}/network`);
  const stops = [];
  for (let press = 0; press < 22; press++) {
    await page.keyboard.press("Tab");
    stops.push(await page.evaluate(() => {
      const { id, textContent, href } = document.activeElement;
      return { id, text: textContent.trim().slice(0, 40), href: href ?? null, outline: getComputedStyle(document.activeElement).outlineStyle };
    }));
  }
  seen.stops = stops;
}

async function look(scheme) {
  const page = await open({ colorScheme: scheme, reducedMotion: "reduce", viewport: { width: 375, height: 740 }, hasTouch: true });
  await page.goto(`${base}/network`);
  await page.locator(".movements li").first().waitFor();
  await page.locator("#account").fill(address);
  await page.getByRole("button", { name: "Show" }).click();
  await page.locator("#balances .amount").first().waitFor();
  const found = {
    width: await page.evaluate(() => document.documentElement.scrollWidth),
    contrast: await leastContrast(page),
    animation: await page.evaluate(() => { const line = document.querySelector(".map .strip"); line.classList.add("busy"); return getComputedStyle(line).animationName; }),
    paper: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
  };
  await shot(page, `network-phone-${scheme}`);
  await page.context().close();
  return found;
}

try {
  const page = await open({ colorScheme: "light" }, true);
  await journey(page);
  await keyboard(page);
  await page.context().close();
  seen.light = await look("light");
  seen.dark = await look("dark");
  const dark = await open({ colorScheme: "dark" });
  await dark.goto(`${base}/network`);
  await dark.locator(".movements li").first().waitFor();
  await shot(dark, "network-dark");
  seen.hosts = [...new Set(seen.hosts)];
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
