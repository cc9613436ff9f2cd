// The network's page: one wallet on every chain of it, and what it sends from one to another.

import { soon } from "/web/live.js";

const UNKNOWN_CHAIN = 4902; // EIP-3085's error, as wallets give it
const REFRESH_MS = 1500;
const $ = (id) => document.getElementById(id);
const chains = JSON.parse(document.body.dataset.chains);
const wallets = new Map(); // by EIP-6963 uuid
let wallet = null;
let account = null;
let busy = false;

async function ask(path, query) {
  const response = await fetch(`/network/${path}?${new URLSearchParams(query)}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer?.error ?? `the network answered ${response.status}`);
  return answer;
}

function announced({ info, provider }) {
  if (wallets.has(info.uuid)) return;
  wallets.set(info.uuid, provider);
  $("no-wallet").hidden = true;
  const button = Object.assign(document.createElement("button"), { type: "button" });
  if (/^data:image\//.test(info.icon ?? "")) button.append(Object.assign(new Image(), { src: info.icon, alt: "" }));
  button.append(`Connect ${info.name}`);
  button.addEventListener("click", () => connect(provider, info.name));
  $("wallets").append(button);
}

window.addEventListener("eip6963:announceProvider", (event) => announced(event.detail));
window.dispatchEvent(new Event("eip6963:requestProvider"));
setTimeout(() => {
  if (!wallets.size && window.ethereum) announced({ info: { uuid: "injected", name: "the injected wallet" }, provider: window.ethereum });
}, 300);

const refusal = (error) => (error.code === 4001 ? "You said no in the wallet." : error.message);

async function connect(provider, name) {
  try {
    const [first] = await provider.request({ method: "eth_requestAccounts" });
    wallet = provider;
    provider.on?.("accountsChanged", (accounts) => look(accounts[0] ?? null));
    $("wallet-said").textContent = `Connected to ${name}.`;
    look(first);
  } catch (error) {
    $("wallet-said").textContent = refusal(error);
  }
}

function look(address) {
  account = address;
  if (address !== null) $("account").value = address;
  $("send").disabled = wallet === null || account === null || busy;
  if (wallet !== null && !busy) $("hint").textContent = "";
  balances();
  own();
}

/** Switch the wallet to a chain of the network, adding it first where the wallet does not know it. */
async function use(name) {
  const provider = wallet ?? wallets.values().next().value;
  if (!provider) throw new Error("There is no wallet in this browser.");
  const chain = chains[name];
  const change = () => provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: chain.chainId }] });
  try {
    await change();
  } catch (error) {
    if ((error.code ?? error.data?.originalError?.code) !== UNKNOWN_CHAIN && error.data?.originalError?.code !== UNKNOWN_CHAIN) throw error;
    await provider.request({ method: "wallet_addEthereumChain", params: [chain] });
    await change();
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-use]");
  if (!button) return;
  try {
    await use(button.dataset.use);
    $("wallet-said").textContent = `Your wallet is on ${button.dataset.use}.`;
  } catch (error) {
    $("wallet-said").textContent = refusal(error);
  }
});

async function balances() {
  const asked = account ?? $("account").value;
  $("balances").hidden = !/^0x[0-9a-fA-F]{40}$/.test(asked);
  if ($("balances").hidden) return;
  const token = /^0x/.test($("asset").value) && $("asset").validity.valid ? { token: $("asset").value, chain: $("from").value } : {};
  let found;
  try {
    found = await ask("balances", { account: asked, ...token });
  } catch (error) {
    $("wallet-said").textContent = error.message;
    return;
  }
  const rows = found.map((chain) => {
    const row = document.createElement("tr");
    row.dataset.chain = chain.name;
    const amounts = document.createElement("td");
    amounts.className = "right";
    for (const one of chain.amounts ?? []) {
      const line = Object.assign(document.createElement("span"), { className: "amount", textContent: one.text, title: one.token ?? "" });
      amounts.append(line);
    }
    if (chain.error) amounts.append(Object.assign(document.createElement("span"), { className: "bad", textContent: chain.error }));
    row.append(Object.assign(document.createElement("th"), { scope: "row", textContent: chain.name }), amounts);
    return row;
  });
  $("balances").tBodies[0].replaceChildren(...rows);
  const known = (found.find((chain) => chain.name === $("from").value)?.amounts ?? []).filter((one) => one.token);
  const options = [["ETH", ""], ...known.map((one) => [one.token, one.text])];
  const text = JSON.stringify(options);
  if ($("assets").dataset.said === text) return;
  $("assets").dataset.said = text;
  $("assets").replaceChildren(...options.map(([value, label]) => Object.assign(document.createElement("option"), { value, label })));
}

function own() {
  for (const item of document.querySelectorAll(".movements [data-sender]")) item.classList.toggle("own", account !== null && item.dataset.sender === account.toLowerCase());
}

$("look").addEventListener("submit", (event) => { event.preventDefault(); look($("account").value); });
let asked = 0;

async function quote() {
  const mine = ++asked;
  const wish = { from: $("from").value, to: $("to").value, asset: $("asset").value };
  let text = "";
  try {
    const { fee } = await ask("quote", wish);
    text = fee ? `Delivery costs ${fee}, paid with the transfer.` : "Ether is delivered by L1 itself: no fee but gas.";
  } catch {
    // What is wrong with the form, sending says.
  }
  if (mine !== asked) return; // the form has changed meanwhile, and answers may overtake each other
  if ($("quote").textContent !== text) $("quote").textContent = text;
}

for (const id of ["from", "to", "asset"]) $(id).addEventListener("change", () => { balances(); quote(); });
quote();
document.addEventListener("swapped", () => {
  own();
  // A chain that was added or taken away: the form and what the wallet is told come with the page.
  if (!busy && document.querySelectorAll("#cards [data-key]").length !== Object.keys(chains).length) location.reload();
});

async function mined(chain, transaction) {
  for (let tries = 0; tries < 240; tries++) {
    const receipt = await ask("receipt", { chain, transaction });
    if (receipt !== null) {
      if (!receipt.succeeded) throw new Error(`The transaction ${transaction.slice(0, 10)}… failed.`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error("The chain has not taken the transaction within a minute.");
}

$("bridge").addEventListener("submit", async (event) => {
  event.preventDefault();
  const from = $("from").value;
  const wish = { from, to: $("to").value, asset: $("asset").value, amount: $("amount").value, account, recipient: $("recipient").value || account };
  busy = true;
  $("send").disabled = true;
  const say = (text) => { $("hint").textContent = text; };
  try {
    const { steps } = await ask("prepare", wish);
    say(`Your wallet goes to ${from}.`);
    await use(from);
    for (const [index, step] of steps.entries()) {
      say(`${step.title} (${index + 1} of ${steps.length}): confirm it in your wallet.`);
      const hash = await wallet.request({ method: "eth_sendTransaction", params: [{ from: account, ...step.transaction }] });
      say(`${step.title} (${index + 1} of ${steps.length}): waits for a block.`);
      await mined(from, hash);
    }
    say("Sent. Below you see how far it is.");
    soon();
  } catch (error) {
    say(refusal(error));
  } finally {
    busy = false;
    $("send").disabled = wallet === null || account === null;
    balances();
  }
});

$("pulse").hidden = false;
setInterval(() => { soon(); if (account !== null) balances(); }, REFRESH_MS);
