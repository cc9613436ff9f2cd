// Declarations by selector: the node's list, and for a contract whatever its visitor has pasted (kept in this browser).

import { parseAbi, parseDeclaration, signature } from "/web/abi.js";
import { rpcBatch } from "/web/rpc.js";

let fetched = null;
const place = (address) => `abi:${document.body.dataset.chainId}:${address.toLowerCase()}`;

function pasted(address) {
  try {
    return JSON.parse(localStorage.getItem(place(address)) ?? "null");
  } catch {
    return null;
  }
}

/** {functions, events, errors} for one contract; each a table from selector or topic to a declaration. */
export async function tablesFor(address) {
  fetched ??= fetch("/web/known.json").then((response) => response.json());
  const known = await fetched;
  const own = (address && pasted(address)?.tables) || {};
  const table = (kind) => ({ find: (key) => own[kind]?.[key] ?? (known[kind][key] && parseDeclaration(known[kind][key])) });
  return { functions: table("functions"), events: table("events"), errors: table("errors"), own: own.functions ?? null, known };
}

/** Keep an ABI for a contract; returns how many declarations it has. The node hashes the signatures. */
export async function keepAbi(address, text) {
  const declarations = parseAbi(text);
  const hashes = await rpcBatch(declarations.map((d) => ["web3_sha3", ["0x" + [...new TextEncoder().encode(signature(d))].map((b) => b.toString(16).padStart(2, "0")).join("")]]));
  const tables = { functions: {}, events: {}, errors: {} };
  declarations.forEach((declaration, index) => {
    if (hashes[index] instanceof Error) throw hashes[index];
    tables[`${declaration.kind}s`][declaration.kind === "event" ? hashes[index] : hashes[index].slice(0, 10)] = declaration;
  });
  localStorage.setItem(place(address), JSON.stringify({ text, tables }));
  return declarations.length;
}

export const forgetAbi = (address) => localStorage.removeItem(place(address));
export const keptText = (address) => pasted(address)?.text ?? "";
