// Inputs, logs and reverts in words, where their declaration is known.

import { decode, readWord, typeText } from "/web/abi.js";
import { tablesFor } from "/web/known.js";
import { rpcBatch } from "/web/rpc.js";

export const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

export function shown(parameter, value) {
  if (Array.isArray(value)) {
    const inner = value.components ? (index) => value.components[index] : () => ({ ...parameter, type: parameter.type.replace(/\[\d*\]$/, "") });
    const parts = value.flatMap((item, index) => {
      const name = value.components?.[index].name;
      return [index ? ", " : "", name ? `${name}: ` : "", shown(inner(index), item)];
    });
    return make("span", {}, value.components ? "(" : "[", ...parts, value.components ? ")" : "]");
  }
  if (parameter.type === "address") return make("a", { href: `/explorer/address/${value}`, textContent: value });
  if (/^u?int/.test(parameter.type)) return make("span", { textContent: BigInt(value).toLocaleString("en") });
  return make("span", { textContent: parameter.type === "string" ? `“${value}”` : String(value) });
}

function call(name, parameters, values) {
  const list = make("dl", { className: "arguments" });
  parameters.forEach((parameter, index) => {
    list.append(make("dt", {}, parameter.name || `#${index} `, " ", make("small", { textContent: typeText(parameter) })));
    list.append(make("dd", {}, shown(parameter, values[index])));
  });
  return [make("p", { className: "call" }, make("b", { textContent: name }), parameters.length ? "" : "()"), list];
}

function eventValues(event, topics, data) {
  const isWord = (type) => /^(u?int\d+|address|bool|bytes\d+)$/.test(type);
  const plain = decode(event.inputs.filter((input) => !input.indexed), data);
  let topic = 1;
  return event.inputs.map((input) => {
    if (!input.indexed) return plain.shift();
    const digits = topics[topic++].slice(2);
    return isWord(input.type) ? readWord(input.type, digits) : "0x" + digits; // others are hashed
  });
}

async function decodeAll() {
  for (const place of document.querySelectorAll("[data-input]:empty")) {
    const hex = place.dataset.input;
    if (!place.dataset.to || hex.length < 10) continue;
    const found = (await tablesFor(place.dataset.to)).functions.find(hex.slice(0, 10));
    if (!found) continue;
    try { place.replaceChildren(...call(found.name, found.inputs, decode(found.inputs, "0x" + hex.slice(10)))); } catch { /* another contract's selector: the bytes are shown */ }
  }
  for (const place of document.querySelectorAll("[data-log]:empty")) {
    const topics = place.dataset.topics.trim().split(" ").filter(Boolean);
    const found = topics.length ? (await tablesFor(place.dataset.to)).events.find(topics[0]) : null;
    if (!found || found.inputs.filter((input) => input.indexed).length !== topics.length - 1) continue;
    try { place.replaceChildren(...call(found.name, found.inputs, eventValues(found, topics, place.dataset.log))); } catch { /* as above */ }
  }
  for (const place of document.querySelectorAll("[data-revert]")) {
    const hex = place.dataset.revert;
    const to = document.querySelector("[data-input]")?.dataset.to;
    if (hex.length < 10 || ["0x08c379a0", "0x4e487b71"].includes(hex.slice(0, 10)) || place.dataset.done) continue;
    const found = (await tablesFor(to)).errors.find(hex.slice(0, 10));
    if (!found) continue;
    try { place.append(": ", ...call(found.name, found.inputs, decode(found.inputs, "0x" + hex.slice(10)))); place.dataset.done = "yes"; } catch { /* as above */ }
  }
  for (const tag of document.querySelectorAll("[data-selector]:not([data-named])")) {
    tag.dataset.named = "yes";
    if (!tag.dataset.to) continue;
    const found = (await tablesFor(tag.dataset.to)).functions.find(tag.dataset.selector);
    if (found) tag.textContent = found.name;
  }
  await tokenAmounts();
}

const tokens = new Map();

/** Amounts in the token's own unit, where it says what that is. */
async function tokenAmounts() {
  const cells = [...document.querySelectorAll("[data-amount]:not([data-named])")].slice(0, 100);
  const wanted = [...new Set(cells.map((cell) => cell.dataset.token))].filter((token) => !tokens.has(token));
  const answers = await rpcBatch(wanted.flatMap((to) => ["0x313ce567", "0x95d89b41"].map((data) => ["eth_call", [{ to, data }, "latest"]])));
  wanted.forEach((token, index) => {
    const [decimals, symbol] = answers.slice(2 * index, 2 * index + 2);
    try {
      tokens.set(token, { decimals: Number(decode([{ type: "uint8" }], decimals)[0]), symbol: decode([{ type: "string" }], symbol)[0] });
    } catch { tokens.set(token, null); }
  });
  for (const cell of cells) {
    const token = tokens.get(cell.dataset.token);
    cell.dataset.named = "yes";
    if (!token || cell.dataset.amount.length !== 66 || token.decimals > 77) continue;
    cell.textContent = `${units(BigInt(cell.dataset.amount), token.decimals)} ${token.symbol.slice(0, 12)}`;
  }
}

export function units(value, decimals) {
  const digits = value.toString().padStart(decimals + 1, "0");
  const whole = BigInt(digits.slice(0, digits.length - decimals)).toLocaleString("en");
  const rest = decimals ? digits.slice(-decimals).replace(/0+$/, "") : "";
  return rest ? `${whole}.${rest}` : whole;
}

decodeAll();
document.addEventListener("swapped", decodeAll);
document.addEventListener("abi", () => {
  document.querySelectorAll("[data-named]").forEach((tag) => delete tag.dataset.named);
  decodeAll();
});
