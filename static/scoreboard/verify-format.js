/** What files to check are made of: hashes, base64url, canonical JSON, signed texts. docs/contract.md 6.2 and 18 have the formats. */

export const HASH = /^[0-9a-f]{64}$/;
const PLAYER = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A file that is not of its kind; the message says where. */
export class Broken extends Error {}

/** @param {unknown} value @returns {value is Record<string, any>} */
export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
/** @param {unknown} value @returns {value is number} */
export const isInteger = (value) => Number.isSafeInteger(value);
/** @param {unknown} value */
export const isPlayer = (value) => typeof value === "string" && PLAYER.test(value);
/** @param {Record<string, any>} value @param {string[]} names */
export const hasKeys = (value, names) => Object.keys(value).toSorted().join() === names.toSorted().join();

/** @param {string} text */
export const encode = (text) => encoder.encode(text);

/** @param {Uint8Array} bytes */
export function decode(bytes) {
    try {
        return decoder.decode(bytes);
    } catch {
        throw new Broken("it is not UTF-8");
    }
}

/** @param {string | Uint8Array} text @returns {unknown} */
export function parse(text) {
    try {
        return JSON.parse(typeof text === "string" ? text : decode(text));
    } catch {
        throw new Broken("it is no JSON");
    }
}

/** As the server writes it: ASCII, without spaces. @param {unknown} value */
export function writeAscii(value) {
    return JSON.stringify(value).replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @param {Uint8Array} bytes */
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {string} text */
export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** @param {Uint8Array[]} parts */
export async function sha256(...parts) {
    const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

/** Only the one spelling, without padding (RFC 7515, section 2). @param {string} text */
export function fromBase64url(text) {
    if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new Broken("it is not base64url");
    let bytes = "";
    try {
        bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    } catch {
        throw new Broken("it is not base64url");
    }
    if (btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") !== text) throw new Broken("it is not base64url");
    return Uint8Array.from(bytes, (unit) => unit.charCodeAt(0));
}

const NODE = Uint8Array.of(1);
const LEAF = Uint8Array.of(0);

/** @param {string} text */
export const hashLeaf = (text) => sha256(LEAF, encode(text));

/**
 * The root that a path leads to from the hash of a leaf; null where it is no path of such a tree (RFC 9162, section 2.1.3.2).
 * @param {Uint8Array} leaf @param {number} index @param {number} count @param {string[]} path
 */
export async function followPath(leaf, index, count, path) {
    let [at, last, node] = [index, count - 1, leaf];
    if (at < 0 || at > last) return null;
    for (const text of path) {
        if (last === 0) return null;
        const sibling = fromHex(text);
        if (at % 2 || at === last) {
            node = await sha256(NODE, sibling, node);
            while (at % 2 === 0 && at) [at, last] = [at / 2, Math.floor(last / 2)];
        } else {
            node = await sha256(NODE, node, sibling);
        }
        [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    }
    return last ? null : toHex(node);
}
