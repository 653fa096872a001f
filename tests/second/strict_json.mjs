// JSON as the contract wants it (9.3, 6.2): read strictly, and written in its one canonical spelling.

/** A fault that was found in what is checked; anything else that is thrown is a fault of this program. */
export class Fault extends Error {}

/** @typedef {null | boolean | number | string | Value[] | Map<string, any> | symbol} Value */

/** A number that is not an integer within 2^53 - 1: no column and no claim is one. */
const OUT_OF_RANGE = Symbol("no integer within 2^53 - 1");

const DEEPEST = 32;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
/** @type {Record<string, string>} */
const SHORT = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/**
 * @param {unknown} condition
 * @param {string} why
 * @returns {asserts condition}
 */
export function require(condition, why) {
  if (!condition) throw new Fault(why);
}

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  /** @param {RegExp} pattern one that is sticky */
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found;
  }

  /** @param {string} word */
  take(word) {
    const is = this.text.startsWith(word, this.at);
    if (is) this.at += word.length;
    return is;
  }

  /**
   * @param {number} depth
   * @returns {Value}
   */
  value(depth) {
    require(depth < DEEPEST, "json: nested too deep");
    this.match(SPACE);
    const bare = this.bare(depth);
    this.match(SPACE);
    return bare;
  }

  /**
   * @param {number} depth
   * @returns {Value}
   */
  bare(depth) {
    if (this.take("{")) return this.object(depth);
    if (this.take("[")) return this.array(depth);
    if (this.take('"')) return this.string();
    if (this.take("null")) return null;
    if (this.take("true")) return true;
    if (this.take("false")) return false;
    return this.number();
  }

  number() {
    const found = this.match(NUMBER);
    require(found, "json: no value where one has to be");
    const number = Number(found[0]);
    require(Number.isFinite(number), "json: a number beyond a double");
    return found[1] || found[2] || !Number.isSafeInteger(number) ? OUT_OF_RANGE : number;
  }

  string() {
    let text = "";
    for (;;) {
      require(this.at < this.text.length, "json: a string without an end");
      const next = this.text[this.at++];
      if (next === '"') break;
      require(next >= " ", "json: a control character in a string");
      text += next === "\\" ? this.escaped() : next;
    }
    require(text.isWellFormed(), "json: half a surrogate pair");
    require(!text.includes("\0"), "json: U+0000");
    return text;
  }

  escaped() {
    const letter = this.text[this.at++];
    if (letter !== "u") {
      require(letter !== undefined && Object.hasOwn(SHORT, letter), "json: an escape that there is not");
      return SHORT[letter];
    }
    const found = this.match(/[0-9a-fA-F]{4}/y);
    require(found, "json: an escape that there is not");
    return String.fromCharCode(parseInt(found[0], 16));
  }

  /** @param {number} depth */
  array(depth) {
    /** @type {Value[]} */
    const items = [];
    this.match(SPACE);
    if (this.take("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.take(","));
    require(this.take("]"), "json: an array without an end");
    return items;
  }

  /** @param {number} depth */
  object(depth) {
    /** @type {Map<string, Value>} */
    const fields = new Map();
    this.match(SPACE);
    if (this.take("}")) return fields;
    do {
      this.match(SPACE);
      require(this.take('"'), "json: a field without a name");
      const name = this.string();
      require(!fields.has(name), "json: a field twice");
      this.match(SPACE);
      require(this.take(":"), "json: a field without a value");
      fields.set(name, this.value(depth + 1));
    } while (this.take(","));
    require(this.take("}"), "json: an object without an end");
    return fields;
  }
}

/**
 * Reads one JSON value that is all of the text.
 *
 * @param {string} text
 */
export function read(text) {
  const reader = new Reader(text);
  const value = reader.value(0);
  require(reader.at === text.length, "json: more after the value");
  return value;
}

/** @param {string} character */
function escape(character) {
  const short = { '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Writes a value as Python's json.dumps does with ensure_ascii and without spaces; the fields of an object in their order.
 *
 * @param {Value} value
 * @returns {string}
 */
export function write(value) {
  require(value !== OUT_OF_RANGE, "json: no integer within 2^53 - 1");
  if (typeof value === "string") return `"${value.replace(/["\\]|[^ -~]/g, escape)}"`;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (value instanceof Map) return `{${[...value].map(([name, each]) => `${write(name)}:${write(each)}`).join(",")}}`;
  return String(value);
}

/**
 * Returns the fields of an object that has exactly those, in that order.
 *
 * @param {Value | undefined} value
 * @param {string[]} names
 * @param {string} what
 * @returns {Map<string, any>}
 */
export function requireFields(value, names, what) {
  require(value instanceof Map, `${what}: no object`);
  require([...value.keys()].join() === names.join(), `${what}: other fields`);
  return value;
}

const LARGEST = Number.MAX_SAFE_INTEGER;

/**
 * @param {unknown} value
 * @param {string} what
 * @param {number} least
 * @param {number} most
 * @returns {number}
 */
export function requireInteger(value, what, least = 0, most = LARGEST) {
  require(typeof value === "number" && value >= least && value <= most, `${what}: no integer in its range`);
  return value;
}

/**
 * @param {unknown} value
 * @param {RegExp} pattern
 * @param {string} what
 * @returns {string}
 */
export function requireText(value, pattern, what) {
  require(typeof value === "string" && pattern.test(value), `${what}: not of its form`);
  return value;
}

export const HASH = /^[0-9a-f]{64}$/;
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
