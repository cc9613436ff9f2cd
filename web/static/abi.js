// The contract ABI: declarations in both spellings, decoding, and encoding of arguments.
// Source: https://docs.soliditylang.org/en/latest/abi-spec.html

/** `function f(uint256 a, (bool x, bytes y)[] b) view returns (address)` as {kind, name, inputs, outputs, view}. */
export function parseDeclaration(text) {
  const match = /^\s*(function|event|error)\s+([A-Za-z_$][\w$]*)\s*(\(.*)$/s.exec(text);
  if (!match) throw new Error(`not a declaration: ${text.trim().slice(0, 60)}`);
  const [, kind, name, rest] = match;
  const [inputs, after] = parseParameters(rest);
  const returns = /\breturns\s*(\(.*)$/s.exec(after);
  const view = /\b(view|pure)\b/.test(after.split("returns")[0]);
  return { kind, name, inputs, outputs: returns ? parseParameters(returns[1])[0] : [], view };
}

function parseParameters(text) {
  let depth = 0;
  let part = "";
  const parts = [];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === "(" && depth++ === 0) continue;
    if (letter === ")" && --depth === 0) {
      if (part.trim()) parts.push(part);
      return [parts.map(parseParameter), text.slice(at + 1)];
    }
    if (letter === "," && depth === 1) { parts.push(part); part = ""; } else part += letter;
  }
  throw new Error("a bracket is missing");
}

function parseParameter(text) {
  const trimmed = text.trim().replace(/^tuple\s*\(/, "(");
  let type;
  let rest;
  let components = null;
  if (trimmed.startsWith("(")) {
    [components, rest] = parseParameters(trimmed);
    const suffix = /^((?:\[\d*\])*)/.exec(rest)[1];
    type = `tuple${suffix}`;
    rest = rest.slice(suffix.length);
  } else {
    [type] = trimmed.split(/\s+/, 1);
    rest = trimmed.slice(type.length);
  }
  type = type.replace(/^(u?int)(?=\[|$)/, "$1256");
  if (!/^(u?int\d+|address|bool|string|bytes\d*|tuple|function)(\[\d*\])*$/.test(type)) throw new Error(`unknown type ${type}`);
  const words = rest.trim().split(/\s+/).filter((word) => !["memory", "calldata", "storage", ""].includes(word));
  return { type, components, indexed: words.includes("indexed"), name: words.filter((word) => word !== "indexed").pop() ?? "" };
}

/** Declarations of a pasted text: a JSON ABI, or one declaration a line. */
export function parseAbi(text) {
  if (!/^\s*[[{]/.test(text)) {
    return text.split("\n").map((line) => line.replace(/;\s*$/, "").trim()).filter((line) => line && !line.startsWith("#") && !line.startsWith("//")).map(parseDeclaration);
  }
  const parsed = JSON.parse(text);
  const entries = Array.isArray(parsed) ? parsed : parsed.abi;
  if (!Array.isArray(entries)) throw new Error("no ABI in this JSON");
  const parameter = (p) => ({ type: p.type, components: p.components?.map(parameter) ?? null, indexed: Boolean(p.indexed), name: p.name ?? "" });
  return entries.filter((entry) => ["function", "event", "error"].includes(entry.type)).map((entry) => ({
    kind: entry.type,
    name: String(entry.name),
    inputs: (entry.inputs ?? []).map(parameter),
    outputs: (entry.outputs ?? []).map(parameter),
    view: ["view", "pure"].includes(entry.stateMutability),
  }));
}

/** What is hashed into a selector: `f(uint256,(bool,bytes)[])`. */
export function signature(declaration) {
  return `${declaration.name}(${declaration.inputs.map(typeText).join(",")})`;
}

export function typeText(parameter) {
  if (!parameter.type.startsWith("tuple")) return parameter.type;
  return `(${parameter.components.map(typeText).join(",")})${parameter.type.slice(5)}`;
}

const MOST_ITEMS = 2000; // of an array that lies about its length

/** Values of `parameters` in `hex`; a value is a string, a boolean, or an array of values with `names` for tuples. */
export function decode(parameters, hex) {
  return readAll(parameters, hex.replace(/^0x/, ""), 0);
}

const element = (parameter) => {
  const match = /^(.*)\[(\d*)\]$/.exec(parameter.type);
  return match && { item: { ...parameter, type: match[1] }, length: match[2] === "" ? null : Number(match[2]) };
};

function isDynamic(parameter) {
  const array = element(parameter);
  if (array) return array.length === null || isDynamic(array.item);
  if (parameter.type === "tuple") return parameter.components.some(isDynamic);
  return parameter.type === "bytes" || parameter.type === "string";
}

function words(parameter) {
  if (isDynamic(parameter)) return 1;
  const array = element(parameter);
  if (array) return array.length * words(array.item);
  return parameter.type === "tuple" ? parameter.components.reduce((sum, part) => sum + words(part), 0) : 1;
}

function word(hex, byte) {
  const digits = hex.slice(2 * byte, 2 * byte + 64);
  if (digits.length !== 64) throw new Error("the data ends too early");
  return digits;
}

function count(hex, byte) {
  const value = BigInt("0x" + word(hex, byte));
  if (value > BigInt(hex.length)) throw new Error("an offset or length points outside the data");
  return Number(value);
}

function readAll(parameters, hex, base) {
  let at = base;
  return parameters.map((parameter) => {
    const where = isDynamic(parameter) ? base + count(hex, at) : at;
    at += 32 * words(parameter);
    return read(parameter, hex, where);
  });
}

function read(parameter, hex, at) {
  const array = element(parameter);
  if (array) {
    const length = array.length ?? count(hex, at);
    if (length > MOST_ITEMS) throw new Error(`an array of ${length} items`);
    return readAll(Array(length).fill(array.item), hex, array.length === null ? at + 32 : at);
  }
  if (parameter.type === "tuple") return Object.assign(readAll(parameter.components, hex, at), { components: parameter.components });
  if (parameter.type === "bytes" || parameter.type === "string") {
    const length = count(hex, at);
    const digits = hex.slice(2 * (at + 32), 2 * (at + 32 + length));
    if (digits.length !== 2 * length) throw new Error("the data ends too early");
    return parameter.type === "bytes" ? "0x" + digits : new TextDecoder().decode(Uint8Array.from(digits.match(/../g) ?? [], (byte) => parseInt(byte, 16)));
  }
  return readWord(parameter.type, word(hex, at));
}

/** One word as its type says. */
export function readWord(type, digits) {
  if (type === "address") return "0x" + digits.slice(24);
  if (type === "bool") return !/^0*$/.test(digits);
  if (type.startsWith("uint")) return BigInt("0x" + digits).toString();
  if (type.startsWith("int")) return BigInt.asIntN(256, BigInt("0x" + digits)).toString();
  return "0x" + digits.slice(0, 2 * Number(/^bytes(\d+)$/.exec(type)?.[1] ?? 32));
}

/** Arguments as the words of a call; `values` are what a person types: text, or JSON for arrays and tuples. */
export function encode(parameters, values) {
  return joined(parameters, values);
}

function joined(parameters, values) {
  if (values.length !== parameters.length) throw new Error(`${parameters.length} values are wanted, ${values.length} given`);
  const heads = [];
  let tail = "";
  const headBytes = 32 * parameters.reduce((sum, parameter) => sum + words(parameter), 0);
  parameters.forEach((parameter, index) => {
    const text = write(parameter, values[index]);
    if (!isDynamic(parameter)) { heads.push(text); return; }
    heads.push(padNumber(BigInt(headBytes + tail.length / 2)));
    tail += text;
  });
  return heads.join("") + tail;
}

const padNumber = (value) => value.toString(16).padStart(64, "0");

function write(parameter, given) {
  const array = element(parameter);
  const value = (array || parameter.type === "tuple") && typeof given === "string" ? JSON.parse(given) : given;
  if (array) {
    if (array.length !== null && value.length !== array.length) throw new Error(`${array.length} items are wanted`);
    return (array.length === null ? padNumber(BigInt(value.length)) : "") + joined(Array(value.length).fill(array.item), value);
  }
  if (parameter.type === "tuple") return joined(parameter.components, value);
  const text = String(value).trim();
  if (parameter.type === "string" || parameter.type === "bytes") {
    const bytes = parameter.type === "string" ? [...new TextEncoder().encode(String(value))].map((byte) => byte.toString(16).padStart(2, "0")).join("") : hexOf(text);
    return padNumber(BigInt(bytes.length / 2)) + bytes.padEnd(64 * Math.ceil(bytes.length / 64), "0");
  }
  if (parameter.type === "bool") {
    if (!["true", "false"].includes(text)) throw new Error("true or false is wanted");
    return padNumber(text === "true" ? 1n : 0n);
  }
  if (parameter.type === "address") {
    if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new Error(`not an address: ${text}`);
    return text.slice(2).toLowerCase().padStart(64, "0");
  }
  if (/^u?int/.test(parameter.type)) {
    const number = BigInt(text);
    const bits = Number(/\d+/.exec(parameter.type)[0]);
    const fits = parameter.type.startsWith("u") ? number >= 0n && number >> BigInt(bits) === 0n : BigInt.asIntN(bits, number) === number;
    if (!fits) throw new Error(`${text} is no ${parameter.type}`);
    return padNumber(BigInt.asUintN(256, number));
  }
  const size = Number(/\d+/.exec(parameter.type)[0]);
  const digits = hexOf(text);
  if (digits.length !== 2 * size) throw new Error(`${size} bytes are wanted`);
  return digits.padEnd(64, "0");
}

function hexOf(text) {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(text)) throw new Error(`not hex bytes: ${text}`);
  return text.slice(2).toLowerCase();
}
