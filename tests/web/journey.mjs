// A visitor's journey through the pages of a live node. Prints one JSON object of what was seen; the tests judge it.
// Arguments: the node's URL, and a JSON object with what the test has put on the chain.

import { mkdirSync } from "node:fs";
import { Wallet, JsonRpcProvider } from "ethers";
import { launch, leastContrast } from "./browser.mjs";

const [base, given] = [process.argv[2], JSON.parse(process.argv[3])];
const { token, failed, sent, receiver, stranger, key, shots, l1 } = given;
const seen = { errors: [], hosts: [] };
const browser = await launch();
const signer = new Wallet(key, new JsonRpcProvider(base, undefined, { staticNetwork: true }));
const onL1 = new Wallet(key, new JsonRpcProvider(l1, undefined, { staticNetwork: true }));
const l1Chain = "0x" + (await onL1.provider.getNetwork()).chainId.toString(16);

/** A wallet that knows another chain at first, announces itself by EIP-6963, and signs in this process. */
async function inject(page) {
  seen.wallet = [];
  await page.exposeFunction("__signAndSend", async (transaction, chain) => {
    const { from, ...rest } = transaction;
    return (await (chain === l1Chain ? onL1 : signer).sendTransaction(rest)).hash;
  });
  await page.exposeFunction("__heard", (method, params) => { seen.wallet.push([method, params]); });
  await page.addInitScript((address) => {
    let chain = "0x1";
    const chains = new Set(["0x1"]);
    const fail = (code, message) => Promise.reject(Object.assign(new Error(message), { code }));
    const listeners = {};
    const provider = {
      on: (name, listener) => { listeners[name] = listener; },
      request: async ({ method, params }) => {
        window.__heard(method, params ?? []);
        if (method === "eth_requestAccounts") return [address];
        if (method === "eth_chainId") return chain;
        if (method === "eth_sendTransaction") return window.__signAndSend(params[0], chain);
        if (method === "wallet_addEthereumChain") { chains.add(params[0].chainId); return null; }
        if (method === "wallet_switchEthereumChain") {
          if (!chains.has(params[0].chainId)) return fail(4902, "Unrecognized chain ID");
          chain = params[0].chainId;
          listeners.chainChanged?.(chain);
          return null;
        }
        return fail(4200, `${method} is not supported`);
      },
    };
    const icon = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><rect width='1' height='1' fill='teal'/></svg>";
    const detail = Object.freeze({ info: { uuid: "5b2f6a51-6d3c-4a5e-8b62-6b64c3e9f0a1", name: "Test Wallet", icon, rdns: "test.wallet" }, provider });
    const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
    window.addEventListener("eip6963:requestProvider", announce);
    announce();
  }, signer.address);
}

async function open(options, wallet = false) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  if (wallet) await inject(page);
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("console", (message) => {
    // A page that says "not found" is itself answered 404, which the console notes.
    if (message.type() === "error" && !/status of 404/.test(message.text())) seen.errors.push(message.text());
  });
  page.on("request", (request) => { if (!request.url().startsWith("data:")) seen.hosts.push(new URL(request.url()).host); });
  return page;
}

async function shot(page, name, fullPage = false) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.waitForTimeout(700);
  await page.screenshot({ path: `${shots}/${name}.png`, fullPage });
}

const text = async (page, selector) => (await page.locator(selector).first().innerText()).replace(/\s+/g, " ").trim();

async function wallet(page) {
  await page.goto(`${base}/wallet`);
  await page.getByRole("button", { name: "Connect Test Wallet" }).click();
  await page.locator("#wallet-address").waitFor();
  seen.disabledElsewhere = await page.locator("#send-button").isDisabled();
  await page.getByRole("button", { name: "Add and use this chain" }).click();
  await page.locator("#send-button:not([disabled])").waitFor();
  await page.getByLabel("To", { exact: true }).fill(receiver);
  await page.getByLabel("Amount, ETH").fill("1.5");
  await page.locator("#send-button").click();
  await page.locator("#sent-hash").waitFor();
  seen.hash = await text(page, "#sent-hash");
  await page.locator("#sent-way li.done[data-stage=unsafe]").waitFor();
  seen.confirmed = await text(page, "#sent-way li[data-stage=unsafe]");
  await page.locator("#sent-way li.done[data-stage=safe]").waitFor();
  seen.becameSafe = await text(page, "#sent-way li[data-stage=safe]");
  await shot(page, "wallet-light", true);
}

async function liveUpdates(page) {
  await page.goto(`${base}/explorer`);
  const newest = () => page.locator("#blocks tr").first().getAttribute("data-key");
  const before = await newest();
  await page.waitForFunction((old) => document.querySelector("#blocks tr").dataset.key !== old, before);
  seen.live = { before, after: await newest(), navigations: await page.evaluate(() => performance.getEntriesByType("navigation").length) };
  await shot(page, "explorer-light");
}

async function keyboard(page) {
  await page.goto(`${base}/explorer`);
  const focused = () => page.evaluate(() => {
    const { id, tagName, textContent, href } = document.activeElement;
    const style = getComputedStyle(document.activeElement);
    return { id, tagName, text: textContent.trim().slice(0, 40), href: href ?? null, outline: style.outlineStyle };
  });
  const stops = [];
  for (let press = 0; press < 24; press++) {
    await page.keyboard.press("Tab");
    stops.push(await focused());
  }
  seen.stops = stops;
  await page.goto(`${base}/explorer`);
  for (let press = 0; press < 24 && (await focused()).id !== "q"; press++) await page.keyboard.press("Tab");
  await page.keyboard.type(seen.hash);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/explorer/tx/**");
  seen.found = { url: page.url(), way: await text(page, "#way"), facts: await text(page, "#facts") };
  await page.goto(`${base}/explorer`);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  seen.skipped = await page.evaluate(() => document.activeElement.id);
}

async function failure(page) {
  await page.goto(`${base}/explorer/tx/${failed}`);
  await page.locator("[data-input] .call").waitFor();
  seen.failure = { banner: await text(page, ".bad-banner"), call: await text(page, "[data-input]") };
  await page.goto(`${base}/explorer/tx/${sent}`);
  await page.locator("[data-log] .call").first().waitFor();
  seen.logs = await text(page, "[data-log]");
  await shot(page, "transaction-light", true);
}

async function contract(page) {
  await page.goto(`${base}/explorer/address/${token}`);
  await page.locator("#contract-facts b").first().waitFor();
  seen.token = await text(page, "#contract-facts");
  const form = page.locator("form.function", { hasText: "balanceOf" });
  await form.locator("input").fill(receiver);
  await form.getByRole("button").click();
  await page.waitForFunction(() => [...document.querySelectorAll("form.function output")].some((output) => output.textContent));
  seen.balanceOf = await text(page, "form.function:has-text('balanceOf') output");
  await shot(page, "contract-light");
  await page.getByText("Use another ABI").click();
  await page.locator("#abi").fill("function balanceOf(address holder) view returns (uint256)\nevent Transfer(address indexed giver, address indexed taker, uint256 grains)");
  await page.getByRole("button", { name: "Keep" }).click();
  await page.getByText("Kept: 2 declarations.").waitFor();
  await page.reload();
  await page.locator("form.function").first().waitFor();
  await page.locator("#logged .call").first().waitFor();
  seen.ownAbi = { functions: await page.locator("form.function h3").allInnerTexts(), log: await text(page, "#logged li") };
  await page.evaluate(() => localStorage.clear());
}

/** In and out again; the claims by keyboard alone. */
async function bridge(page) {
  await page.goto(`${base}/bridge`);
  await page.getByRole("button", { name: "Connect Test Wallet" }).click();
  await page.locator("#bridge-address").waitFor();
  await page.locator("#withdrawals .none").waitFor();
  seen.bridge = { empty: await text(page, "#withdrawals") };
  await page.locator("#deposit input[name=amount]").fill("2.5");
  await page.getByRole("button", { name: "Deposit", exact: true }).click();
  await page.locator("#bridge-said", { hasText: "Sent on L1: 0x" }).waitFor();
  seen.bridge.deposited = (await text(page, "#bridge-said")).split(" ").at(-1);
  await page.locator("#withdraw input[name=amount]").fill("0.25");
  await page.getByRole("button", { name: "Withdraw", exact: true }).click();
  await page.locator("#bridge-said", { hasText: "Sent on this chain: 0x" }).waitFor();
  seen.bridge.withdrawn = (await text(page, "#bridge-said")).split(" ").at(-1);
  seen.bridge.stages = [];
  for (const [group, press] of [["pending", null], ["ready", "Prove on L1"], ["pending", null], ["ready", "Get paid on L1"], ["done", null]]) {
    await page.locator(`.claims li.${group}`, press ? { hasText: press } : {}).waitFor({ timeout: 60000 });
    seen.bridge.stages.push(await text(page, ".claims li"));
    if (!press) continue;
    seen.bridge.banner = await text(page, ".ready-banner");
    if (press === "Prove on L1") await shot(page, "bridge-light", true);
    await page.locator("#content").focus();
    const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
    for (let presses = 0; presses < 24 && (await focused()) !== press; presses++) await page.keyboard.press("Tab");
    seen.bridge.focus = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    await page.keyboard.press("Enter");
  }
  seen.bridge.navigations = await page.evaluate(() => performance.getEntriesByType("navigation").length);
  await page.goto(`${base}/bridge`);
  await page.getByLabel("Any withdrawal").fill(seen.bridge.withdrawn);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/bridge?tx=0x*");
  seen.bridge.found = await text(page, ".claims li");
  await page.getByLabel("Any withdrawal").fill("<img src=x>");
  await page.getByRole("button", { name: "Look it up" }).click();
  await page.locator(".bad-banner").waitFor();
  seen.bridge.trouble = await text(page, ".bad-banner");
}

async function faucet(page) {
  await page.goto(`${base}/faucet`);
  await page.getByLabel("Your address").fill(stranger);
  await page.getByRole("button", { name: "Send me ether" }).click();
  await page.locator("#faucet-said a").click();
  await page.waitForURL("**/explorer/tx/**");
  await page.locator("#facts", { hasText: "success" }).waitFor();
  seen.gift = await text(page, "#facts");
  await page.goto(`${base}/faucet`);
  await page.getByLabel("Your address").fill(stranger);
  await page.getByRole("button", { name: "Send me ether" }).click();
  await page.getByText("a moment ago").waitFor();
  seen.secondGift = await text(page, "#faucet-said");
}

async function hostileWords(page) {
  await page.goto(`${base}/explorer/search?q=${encodeURIComponent("<img src=x onerror=alert(1)>")}`);
  seen.hostile = { text: await text(page, "main"), images: await page.locator("main img").count() };
}

const PATHS = () => ["/explorer", "/explorer/blocks", "/explorer/block/1", `/explorer/tx/${sent}`, `/explorer/tx/${failed}`,
  `/explorer/address/${token}`, `/explorer/address/${receiver}`, "/explorer/batches", "/dashboard", "/wallet", "/faucet",
  `/bridge?tx=${seen.bridge.withdrawn}`, "/explorer/search?q=nothing"];

async function phone(scheme, paths) {
  const page = await open({ viewport: { width: 375, height: 740 }, colorScheme: scheme, hasTouch: true });
  const sideways = [];
  for (const path of paths) {
    await page.goto(base + path);
    await page.waitForTimeout(path.includes("0x") ? 300 : 60);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > 375) sideways.push([path, width]);
    if (path === "/explorer/batches") seen.table = await wideTable(page);
    if (path === "/explorer") await shot(page, "explorer-phone");
    if (path.endsWith(failed)) await shot(page, "transaction-phone");
    if (path.startsWith("/bridge") && scheme === "light") await shot(page, "bridge-phone");
  }
  await page.context().close();
  return sideways;
}

/** A table that is wider than the phone: the keyboard reaches what is beyond, and shadows say that there is more. */
async function wideTable(page) {
  const table = page.locator(".scroll");
  await table.focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.querySelector(".scroll").scrollLeft > 0);
  return table.evaluate((found) => ({ name: found.getAttribute("aria-label"), shadows: getComputedStyle(found).backgroundAttachment }));
}

/** Colours as the browser computes them, and the least contrast of text on what is behind it. */
async function colours(scheme) {
  const page = await open({ colorScheme: scheme, reducedMotion: "reduce" });
  await page.goto(`${base}/explorer/tx/${failed}`);
  await page.locator("[data-input] .call").waitFor();
  const found = {
    paper: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    least: await leastContrast(page),
  };
  await page.goto(`${base}/bridge?tx=${seen.bridge.withdrawn}`);
  const onBridge = await leastContrast(page);
  if (onBridge.ratio < found.least.ratio) found.least = onBridge;
  await page.goto(`${base}/dashboard`);
  await page.locator("[data-plot] path").first().waitFor({ state: "attached" });
  found.plots = await page.locator("[data-plot]:has(path)").evaluateAll((plots) => plots.map((plot) => plot.dataset.plot));
  found.animation = await page.evaluate(() => {
    const row = document.createElement("tr");
    row.className = "fresh";
    document.body.append(row);
    return getComputedStyle(row).animationName;
  });
  const box = await page.locator("[data-plot=unsafe_to_safe]").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  found.readout = await text(page, "#lag-safe-readout");
  await page.mouse.move(0, 0);
  await shot(page, `dashboard-${scheme}`);
  if (scheme === "dark") {
    await page.goto(`${base}/explorer`);
    await shot(page, "explorer-dark");
    await page.goto(`${base}/explorer/batches`);
    await shot(page, "batches-dark");
  }
  await page.context().close();
  return found;
}

try {
  const page = await open({ colorScheme: "light" }, true);
  await wallet(page);
  await liveUpdates(page);
  await keyboard(page);
  await failure(page);
  await contract(page);
  await faucet(page);
  await bridge(page);
  await hostileWords(page);
  await page.context().close();
  seen.sideways = [...(await phone("light", PATHS())), ...(await phone("dark", ["/explorer", "/dashboard", "/bridge"]))];
  seen.light = await colours("light");
  seen.dark = await colours("dark");
  seen.hosts = [...new Set(seen.hosts)];
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
