// Reading a contract: what it says of itself, and a form for each function that changes nothing.

import { decode, encode, parseDeclaration, typeText } from "/web/abi.js";
import { make, shown, units } from "/web/decode.js";
import { forgetAbi, keepAbi, keptText, tablesFor } from "/web/known.js";
import { rpc, rpcBatch } from "/web/rpc.js";

const address = document.getElementById("contract").dataset.contract;
const list = document.getElementById("contract-functions");
const said = document.getElementById("abi-said");

/** What a token is asked, if it is one. */
async function facts() {
  const asked = [["name", "0x06fdde03", "string"], ["symbol", "0x95d89b41", "string"], ["decimals", "0x313ce567", "uint8"], ["totalSupply", "0x18160ddd", "uint256"]];
  const answers = await rpcBatch(asked.map(([, data]) => ["eth_call", [{ to: address, data }, "latest"]]));
  const found = {};
  asked.forEach(([name, , type], index) => {
    try { [found[name]] = decode([{ type }], answers[index]); } catch { /* it has no such function */ }
  });
  const rows = [];
  if (found.name !== undefined) rows.push(["Token", `${found.name}${found.symbol ? ` (${found.symbol})` : ""}`]);
  if (found.totalSupply !== undefined) rows.push(["Supply", units(BigInt(found.totalSupply), Math.min(77, Number(found.decimals ?? 0)))]);
  if (found.decimals !== undefined) rows.push(["Decimals", found.decimals]);
  document.getElementById("contract-facts").replaceChildren(...rows.map(([name, text]) => make("span", {}, make("span", { className: "quiet", textContent: `${name} ` }), make("b", { textContent: text }))));
}

/** Functions that the code has, by its visitor's ABI or else by looking for known selectors in its bytes. */
async function functions() {
  const tables = await tablesFor(address);
  if (tables.own) return Object.entries(tables.own);
  const code = await rpc("eth_getCode", [address, "latest"]);
  return Object.entries(tables.known.functions).filter(([selector]) => code.includes(selector.slice(2))).map(([selector, text]) => [selector, parseDeclaration(text)]);
}

async function show() {
  const readable = (await functions()).filter(([, f]) => f.view);
  const plain = readable.filter(([, f]) => !f.inputs.length && f.outputs.length);
  const values = make("dl", { className: "values" });
  const answers = await rpcBatch(plain.map(([data]) => ["eth_call", [{ to: address, data }, "latest"]]));
  plain.forEach(([, f], index) => values.append(make("dt", { textContent: f.name }), make("dd", {}, ...results(f, answers[index]))));
  list.replaceChildren(...(plain.length ? [values] : []), ...readable.filter(([, f]) => f.inputs.length).map(([selector, f]) => form(selector, f)));
  if (!readable.length) list.append(make("p", { className: "none", textContent: "No known function that only reads. Paste the contract’s ABI below to call it and to read its logs." }));
}

function results(f, result) {
  if (result instanceof Error) return [result.message];
  try {
    return decode(f.outputs, result).flatMap((value, index) => [index ? ", " : "", shown(f.outputs[index], value)]);
  } catch (error) {
    return [result, ` (${error.message})`];
  }
}

function form(selector, f) {
  const inputs = f.inputs.map((input, index) => make("input", { autocomplete: "off", spellcheck: false, required: true, name: `${f.name}-${index}` }));
  const output = make("output");
  const made = make("form", { className: "function" }, make("h3", { textContent: f.name }),
    ...inputs.map((input, index) => make("label", {}, `${f.inputs[index].name || `#${index}`} (${typeText(f.inputs[index])})`, input)),
    make("button", { textContent: "Read", ariaLabel: `Read ${f.name}` }), output);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const data = selector + encode(f.inputs, inputs.map((input) => input.value));
      const result = await rpc("eth_call", [{ to: address, data }, "latest"]);
      output.replaceChildren(...results(f, result));
    } catch (error) {
      output.textContent = error.message;
    }
  });
  return made;
}

document.getElementById("abi").value = keptText(address);
document.getElementById("abi-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const count = await keepAbi(address, document.getElementById("abi").value);
    said.textContent = `Kept: ${count} declarations.`;
    document.querySelectorAll(".logs .decoded").forEach((place) => place.replaceChildren());
    document.dispatchEvent(new CustomEvent("abi"));
    await show();
  } catch (error) {
    said.textContent = error.message;
  }
});
document.getElementById("abi-forget").addEventListener("click", async () => {
  forgetAbi(address);
  document.getElementById("abi").value = "";
  said.textContent = "Forgotten.";
  await show();
});
facts();
show();
