// The bridge with a wallet: the node says what is to be sent, the wallet signs it, on L1 or here.

import { soon } from "/web/live.js";
import { findWallets, here, refusal, useChain, walletButton } from "/web/provider.js";
import { rpc } from "/web/rpc.js";

const $ = (id) => document.getElementById(id);
let wallet = null;
let account = null;

const say = (text) => { $("bridge-said").textContent = text; };

findWallets((provider, info) => {
  $("no-wallet").hidden = true;
  $("wallets").append(walletButton(info, () => connect(provider, info.name)));
});

async function connect(provider, name) {
  try {
    wallet = provider;
    [account] = await wallet.request({ method: "eth_requestAccounts" });
    provider.on?.("accountsChanged", (accounts) => { account = accounts[0] ?? null; show(); });
    say(`Connected to ${name}.`);
    show();
  } catch (error) {
    say(refusal(error));
  }
}

/** Whose withdrawals are shown is in the page's address. */
function show() {
  $("bridge-account").hidden = account === null;
  $("wallets").hidden = account !== null;
  for (const button of document.querySelectorAll("#deposit button, #withdraw button")) button.disabled = account === null;
  if (account === null) return;
  $("bridge-address").textContent = account;
  $("bridge-address").href = `/explorer/address/${account.toLowerCase()}`;
  if (!new URLSearchParams(location.search).has("tx")) history.replaceState(null, "", `/bridge?account=${account}`);
  soon();
}

function l1() {
  const { l1ChainId, l1Url } = $("withdrawals").dataset;
  const chain = { chainId: "0x" + BigInt(l1ChainId).toString(16) };
  if (!l1Url) return chain; // a public L1, which wallets know
  return { ...chain, chainName: `Tombolo L1 ${l1ChainId}`, nativeCurrency: here.nativeCurrency, rpcUrls: [l1Url], blockExplorerUrls: [`${l1Url}/explorer`] };
}

/** Have the wallet send these, one after another; the chain's name is for people. */
async function send(chain, name, calls) {
  if (account === null) { say("Connect a wallet first."); $("wallets").querySelector("button")?.focus(); return false; }
  try {
    await useChain(wallet, chain);
    for (const [index, { to, data, value }] of calls.entries()) {
      say(`Confirm it in your wallet${calls.length > 1 ? ` (${index + 1} of ${calls.length})` : ""}.`);
      const hash = await wallet.request({ method: "eth_sendTransaction", params: [{ from: account, to, data, value: value ?? "0x0" }] });
      say(`Sent on ${name}: ${hash}`);
      if (index + 1 < calls.length) await mined(hash);
    }
    soon();
    return true;
  } catch (error) {
    say(refusal(error));
    return false;
  }
}

/** A wallet that does not tell of receipts leaves the order to nonces. */
async function mined(hash) {
  for (let attempt = 0; attempt < 120; attempt++) {
    try {
      if (await wallet.request({ method: "eth_getTransactionReceipt", params: [hash] })) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-claim]");
  if (!button) return;
  button.disabled = true;
  if (!(await send(l1(), "L1", [{ to: button.dataset.to, data: button.dataset.data }]))) button.disabled = false;
});

for (const [id, make] of [
  ["deposit", async (amount, token) => [l1(), "L1", await rpc("bridge_deposit", [account, account, amount, token])]],
  ["withdraw", async (amount, token) => [here, "this chain", [await rpc("bridge_withdraw", [account, amount, token])]]],
]) {
  $(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const { amount, token } = event.target.elements;
    try {
      await send(...(await make(amount.value, token.value || null)));
    } catch (error) {
      say(error.message);
    }
  });
}

function countdown() {
  const now = Date.now() / 1000;
  for (const place of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil(Number(place.dataset.until) - now);
    const text = left > 0 ? `, about ${left >= 7200 ? `${Math.round(left / 3600)} h` : left >= 120 ? `${Math.round(left / 60)} min` : `${left} s`} more` : "";
    if (place.textContent !== text) place.textContent = text;
  }
}
setInterval(countdown, 1000);
document.addEventListener("swapped", countdown);
countdown();
