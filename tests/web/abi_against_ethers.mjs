// Random types and values: what ethers encodes must read back, and our encoding must be its. Prints the case count.

import { AbiCoder } from "ethers";
import { decode, encode, parseDeclaration, readWord, signature } from "../../web/static/abi.js";

let seed = Number(process.argv[2]);
const chance = (most) => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 8) % most; };
const hex = (bytes) => "0x" + Array.from({ length: bytes }, () => chance(256).toString(16).padStart(2, "0")).join("");

function randomType(depth) {
  const kinds = ["uint", "int", "address", "bool", "bytesN", "bytes", "string", "array", "fixed", "tuple"];
  const kind = kinds[chance(depth ? kinds.length : 7)];
  if (kind === "uint" || kind === "int") return { type: `${kind}${8 * (1 + chance(32))}`, components: null };
  if (kind === "bytesN") return { type: `bytes${1 + chance(32)}`, components: null };
  if (kind === "tuple") return { type: "tuple", components: Array.from({ length: 1 + chance(3) }, (_, i) => ({ ...randomType(depth - 1), name: `f${i}` })) };
  if (kind === "array" || kind === "fixed") {
    const item = randomType(depth - 1);
    return { ...item, type: `${item.type}[${kind === "fixed" ? 1 + chance(3) : ""}]` };
  }
  return { type: kind, components: null };
}

function randomValue({ type, components }) {
  const array = /^(.*)\[(\d*)\]$/.exec(type);
  if (array) return Array.from({ length: array[2] === "" ? chance(4) : Number(array[2]) }, () => randomValue({ type: array[1], components }));
  if (type === "tuple") return components.map(randomValue);
  if (type === "bool") return chance(2) === 1;
  if (type === "address") return hex(20);
  if (type === "string") return ["", "sand", "Größe und Länge — über 32 Bytes lang, damit es mehr als ein Wort braucht", "<b>"][chance(4)];
  if (type === "bytes") return hex(chance(70));
  if (type.startsWith("bytes")) return hex(Number(type.slice(5)));
  const bits = Number(/\d+/.exec(type)[0]);
  const raw = BigInt(hex(bits / 8));
  return (type.startsWith("u") ? raw : BigInt.asIntN(bits, raw)).toString();
}

const spelled = ({ type, components }) => (type.startsWith("tuple") ? `(${components.map(spelled).join(",")})${type.slice(5)}` : type);
const same = (a, b) => JSON.stringify(a).toLowerCase() === JSON.stringify(b).toLowerCase();
const coder = AbiCoder.defaultAbiCoder();
let cases = 0;
for (; cases < 400; cases++) {
  const parameters = Array.from({ length: chance(5) }, () => ({ ...randomType(3), name: "" }));
  const values = parameters.map(randomValue);
  const encoded = coder.encode(parameters.map(spelled), values);
  const told = () => JSON.stringify({ types: parameters.map(spelled), values, encoded });
  if (!same(decode(parameters, encoded), values)) throw new Error(`decoded otherwise: ${told()}`);
  if ("0x" + encode(parameters, values) !== encoded) throw new Error(`encoded otherwise: ${told()}`);
  const declared = `function f(${parameters.map(spelled).join(", ")})`;
  if (signature(parseDeclaration(declared)) !== `f(${parameters.map(spelled).join(",")})`) throw new Error(`parsed otherwise: ${declared}`);
  // Bytes that lie end in an error, at once, and never in a wrong answer's company: no hang, no huge allocation.
  const cut = encoded.slice(0, 2 + 2 * chance(encoded.length / 2));
  const lie = encoded.length > 2 ? encoded.slice(0, 2) + "ff".repeat(32) + encoded.slice(66) : encoded;
  for (const bytes of [cut, lie]) { try { decode(parameters, bytes); } catch (error) { if (!(error instanceof Error)) throw error; } }
}
for (const [type, digits, value] of [["bool", "0".repeat(64), false], ["int8", "f".repeat(64), "-1"]]) {
  if (readWord(type, digits) !== value) throw new Error(`${type}: ${readWord(type, digits)}`);
}
console.log(cases);
