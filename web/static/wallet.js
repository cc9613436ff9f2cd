// The chain in a wallet of this browser, and one transaction.

import { findWallets, here, refusal, useChain, walletButton, wallets } from "/web/provider.js";
import { followHeads, rpc, rpcBatch } from "/web/rpc.js";

const $ = (id) => document.getElementById(id);
const chainId = here.chainId;
const socketUrl = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;

let wallet = null;
let account = null;
let sent = null;

for (const place of document.querySelectorAll("[data-url]")) place.textContent = place.dataset.url === "ws" ? socketUrl : location.origin;

function say(text) {
  $("wallet-said").textContent = text;
}

findWallets((provider, info) => {
  $("add-chain").hidden = false;
  if (!$("wallets")) return;
  $("no-wallet").hidden = true;
  $("wallets").append(walletButton(info, () => connect(provider, info.name)));
});

async function connect(provider, name) {
  wallet = provider;
  try {
    [account] = await wallet.request({ method: "eth_requestAccounts" });
    provider.on?.("accountsChanged", (accounts) => { account = accounts[0] ?? null; show(); });
    provider.on?.("chainChanged", () => show());
    say(`Connected to ${name}.`);
  } catch (error) {
    say(refusal(error));
  }
  await show();
}

$("add-chain").addEventListener("click", async () => {
  if (!wallets().length) { location.href = "/wallet"; return; } // there it says what to do without one
  try {
    await useChain(wallet ?? wallets()[0]);
    say("Your wallet is on this chain.");
  } catch (error) {
    say(refusal(error));
  }
  await show();
});

async function show() {
  if (!$("send")) return;
  const onChain = wallet !== null && BigInt(await wallet.request({ method: "eth_chainId" })) === BigInt(chainId);
  $("wallet-account").hidden = account === null;
  $("wallet-network").hidden = account === null;
  $("wallet-network").textContent = onChain ? "on this chain" : "on another chain";
  $("add-chain").hidden = onChain || !wallets().length;
  $("send-button").disabled = account === null || !onChain;
  $("send-hint").textContent = account === null ? "Connect a wallet first." : onChain ? "" : "Your wallet is on another chain: add and use this one first.";
  if (account === null) return;
  $("wallet-address").textContent = account;
  $("wallet-address").href = `/explorer/address/${account.toLowerCase()}`;
  $("wallet-balance").textContent = `${ether(BigInt(await rpc("eth_getBalance", [account, "latest"])))} ETH`;
}

function ether(wei) {
  const digits = wei.toString().padStart(19, "0");
  return `${BigInt(digits.slice(0, -18)).toLocaleString("en")}.${digits.slice(-18).replace(/0+$/, "").slice(0, 6) || "0"}`;
}

function wei(text) {
  const [whole, decimals = ""] = text.split(".");
  return BigInt(whole + decimals.padEnd(18, "0"));
}

$("send")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const transaction = { from: account, to: $("send-to").value, value: "0x" + wei($("send-amount").value).toString(16) };
  if ($("send-data").value.length > 2) transaction.data = $("send-data").value;
  $("send-hint").textContent = "Confirm it in your wallet.";
  try {
    const hash = await wallet.request({ method: "eth_sendTransaction", params: [transaction] });
    sent = { hash, done: false };
    $("sent").hidden = false;
    $("sent-hash").textContent = hash;
    $("sent-hash").href = `/explorer/tx/${hash}`;
    $("send-hint").textContent = "Sent.";
    await watch();
  } catch (error) {
    $("send-hint").textContent = refusal(error);
  }
});

/** Mark how far the sent transaction is. */
async function watch() {
  if (sent === null || sent.done) return;
  const [receipt, safe, finalized] = await rpcBatch([
    ["eth_getTransactionReceipt", [sent.hash]],
    ["eth_getBlockByNumber", ["safe", false]],
    ["eth_getBlockByNumber", ["finalized", false]],
  ]);
  if (receipt instanceof Error) return;
  const number = receipt === null ? null : Number(receipt.blockNumber);
  const reached = number === null ? 0 : finalized && number <= Number(finalized.number) ? 3 : safe && number <= Number(safe.number) ? 2 : 1;
  [...$("sent-way").children].forEach((step, index) => {
    step.className = index <= reached ? "done" : "ahead";
    index === reached ? step.setAttribute("aria-current", "step") : step.removeAttribute("aria-current");
  });
  const details = ["waits for a block", receipt && (Number(receipt.status) ? `in block ${number}` : `failed in block ${number}`), "L1 carries its batch", "L1 cannot undo it"];
  [...$("sent-way").querySelectorAll(".detail")].forEach((place, index) => { place.textContent = index <= reached ? details[index] : ""; });
  sent.done = reached === 3;
  if (reached > 0) await show();
}

if ($("send")) {
  followHeads(watch, () => {});
  setInterval(watch, 1000);
}
