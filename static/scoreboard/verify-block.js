/** Checkpoints: what a block says, who signed it, and whether a leaf is under its root (docs/contract.md 18.2). */

import { Broken, decode, encode, followPath, fromBase64url, hasKeys, hashLeaf, HASH, isInteger, isObject, parse, toHex, sha256, writeAscii } from "./verify-format.js";

/**
 * @typedef {{ subject: string, count: number, sha256: string, starts_us: number, ends_us: number }} Statement
 * @typedef {{ version: number, number: number, epoch: number, at: string, count: number, root: string, statements: Statement[], kid: string, text: string }} Block
 * @typedef {{ player: string, seq: number, mac: string, digest: string }} Leaf
 * @typedef {{ kid: string, x: string, pinned: boolean }} Key  an empty kid stands for any
 * @typedef {(holds: boolean | null, key: string, values?: Record<string, string | number>) => void} Say
 */

const VERSION_1 = "scoreboard.checkpoint.v1";
const CLAIMS_1 = ["v", "number", "epoch", "prev", "at", "count", "root"];
const CLAIMS = ["v", "number", "epoch", "prev", "at_us", "count", "root", "statements"];
const MAXIMUM_STATEMENTS = 50;
const SUBJECT = /^board:[a-z0-9-]{1,48}\/[A-Za-z0-9-]{1,48}$/;
const STATEMENT = ["subject", "count", "sha256", "starts_us", "ends_us"];

/** @param {string} text @returns {Block} */
export function readBlock(text) {
    const [header, payload, ...rest] = text.split(".");
    if (header === undefined || payload === undefined || rest.length !== 1) throw new Broken("its block is none");
    const head = /** @type {any} */ (parse(fromBase64url(header)));
    const kid = isObject(head) ? head["kid"] : null;
    if (typeof kid !== "string" || decode(fromBase64url(header)) !== writeAscii({ alg: "EdDSA", kid, typ: "scoreboard-checkpoint+jwt" })) {
        throw new Broken("the header of its block is none");
    }
    const claims = parse(fromBase64url(payload));
    if (!isObject(claims) || decode(fromBase64url(payload)) !== writeAscii(sortKeys(claims))) throw new Broken("its block is none");
    const isFirst = claims["v"] === VERSION_1;
    const { number, epoch, count, root, prev } = claims;
    const statements = isFirst ? [] : claims["statements"];
    const holds = (isFirst || claims["v"] === 2)
        && hasKeys(claims, isFirst ? CLAIMS_1 : CLAIMS)
        && [number, epoch, count].every(isInteger) && number > 0 && epoch > 0 && count >= 0
        && typeof root === "string" && HASH.test(root) && typeof prev === "string" && (prev === "" || HASH.test(prev))
        && (isFirst ? typeof claims["at"] === "string" : isInteger(claims["at_us"]))
        && Array.isArray(statements) && statements.length <= MAXIMUM_STATEMENTS && statements.every(isStatement) && isOrdered(statements);
    if (!holds) throw new Broken("the claims of its block have not their form");
    const at = isFirst ? claims["at"] : writeTime(claims["at_us"]);
    return { version: isFirst ? 1 : 2, number, epoch, at, count, root, statements, kid, text };
}

/** @param {unknown} value */
function isStatement(value) {
    return isObject(value) && hasKeys(value, STATEMENT) && typeof value["subject"] === "string" && typeof value["sha256"] === "string"
        && SUBJECT.test(value["subject"]) && HASH.test(value["sha256"])
        && [value["count"], value["starts_us"], value["ends_us"]].every(isInteger) && value["count"] >= 0 && value["starts_us"] < value["ends_us"];
}

/** By subject, each once. @param {Statement[]} statements */
const isOrdered = (statements) => statements.every(({ subject }, at) => at === 0 || /** @type {Statement} */ (statements[at - 1]).subject < subject);

/** As signed texts are written. @param {any} value @returns {any} */
function sortKeys(value) {
    if (Array.isArray(value)) return value.map(sortKeys);
    return isObject(value) ? Object.fromEntries(Object.keys(value).toSorted().map((name) => [name, sortKeys(value[name])])) : value;
}

/** RFC 3339 with six digits. @param {number} atUs */
export function writeTime(atUs) {
    const date = new Date(Math.floor(atUs / 1000));
    if (Number.isNaN(date.getTime())) throw new Broken("the time of its block is none");
    const micros = ((atUs % 1000) + 1000) % 1000;
    return date.toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`);
}

/** @param {Leaf} leaf @param {number} index @param {string[]} path @param {Block} block @param {Say} say */
export async function checkPath(leaf, index, path, block, say) {
    const hash = await hashLeaf(writeAscii(["scoreboard.head.v2", leaf.player, leaf.seq, leaf.mac, leaf.digest]));
    const holds = block.version === 2 && (await followPath(hash, index, block.count, path)) === block.root;
    if (holds) say(true, "path.holds", { index, count: block.count, number: block.number });
    else say(false, "path.broken", { number: block.number });
}

/** The root of a block of version 1. @param {[string, number, string][]} leaves */
export async function hashLines(leaves) {
    return toHex(await sha256(encode(leaves.map(([player, seq, mac]) => `${player} ${seq} ${mac}\n`).join(""))));
}

/** @param {Block} block @param {Key[]} keys  those that the reader brought come first @param {Say} say */
export async function checkSignature(block, keys, say) {
    const { number, kid, at } = block;
    const key = keys.find((each) => each.kid === kid || each.kid === "");
    if (!key) return say(null, "signature.no_key", { number, kid });
    let verifies;
    try {
        const jwk = { kty: "OKP", crv: "Ed25519", x: key.x };
        const imported = await crypto.subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["verify"]);
        const cut = block.text.lastIndexOf(".");
        const signature = fromBase64url(block.text.slice(cut + 1));
        verifies = await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, encode(block.text.slice(0, cut)));
    } catch (error) {
        if (error instanceof DOMException && error.name === "NotSupportedError") return say(null, "signature.no_browser", { number });
        verifies = false;
    }
    if (!verifies) return say(false, "signature.broken", { number, kid });
    say(true, "signature.holds", { number, at, kid });
    if (key.pinned) say(true, "key.pinned", { kid });
    else say(null, "key.unpinned", { kid });
}
