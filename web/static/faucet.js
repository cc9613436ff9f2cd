// Asks the node's faucet for ether.

import { rpc } from "/web/rpc.js";

const $ = (id) => document.getElementById(id);
let provider = null;

window.addEventListener("eip6963:announceProvider", (event) => {
  provider ??= event.detail.provider;
  $("faucet-wallet").hidden = false;
});
window.dispatchEvent(new Event("eip6963:requestProvider"));

$("faucet-wallet").addEventListener("click", async () => {
  try {
    [$("faucet-address").value] = await provider.request({ method: "eth_requestAccounts" });
  } catch (error) {
    $("faucet-said").textContent = error.message;
  }
});

$("faucet").addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = $("faucet-said");
  said.textContent = "Sending…";
  try {
    const hash = await rpc("faucet_fund", [$("faucet-address").value]);
    said.replaceChildren("On its way: ", Object.assign(document.createElement("a"), { href: `/explorer/tx/${hash}`, textContent: hash, className: "code long" }));
  } catch (error) {
    said.textContent = error.message;
  }
});
