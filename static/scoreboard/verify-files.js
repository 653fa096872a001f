/** The files that `/verify` takes, each told by its content and checked as docs/contract.md 18.5 says. */

import { checkPath, checkSignature, hashLines, readBlock, writeTime } from "./verify-block.js";
import { Chain, readEntry, writeCanonical } from "./verify-chain.js";
import { Broken, decode, encode, fromBase64url, hasKeys, HASH, isInteger, isObject, isPlayer, parse, sha256, toHex, writeAscii } from "./verify-format.js";

/**
 * @typedef {import("./verify-block.js").Block} Block
 * @typedef {import("./verify-block.js").Key} Key
 * @typedef {import("./verify-block.js").Say} Say
 * @typedef {AsyncIterable<Uint8Array>} Lines
 */

const FINDINGS = 100;
const MAXIMUM_ENTRY = 16 * 1024;
export const MAXIMUM_LINE = 128 * 1024;
const MAXIMUM_PATH = 32;

/** @param {Lines} lines @param {Key[]} keys @param {Say} say */
export async function checkProof(lines, keys, say) {
    const chain = new Chain();
    let faults = 0;
    let number = 0;
    let end = null;
    for await (const line of lines) {
        number++;
        if (end) throw new Broken(`line ${number} follows its end`);
        const found = await naming(number, () => readLine(line));
        if (!("entry" in found)) {
            end = found;
            continue;
        }
        for (const fault of await chain.take(found.entry, found.text, found.isSealed)) {
            if (++faults <= FINDINGS) say(false, "entries.broken", { line: number, fault });
        }
    }
    if (!end) throw new Broken("its end is missing: it was cut off");
    if (!chain.count) say(null, "entries.none");
    else if (!faults) say(true, "entries.hold", { count: chain.count });
    if (end.head) await checkEnd(chain, end, keys, say);
    else if (chain.sealed) say(false, "file.broken", { fault: "there are sealed entries, and no head" });
    else say(null, "uncovered");
    say(null, "macs");
}

/** @param {Chain} chain @param {Record<string, any>} end @param {Key[]} keys @param {Say} say */
async function checkEnd(chain, { head, index, path, block: text }, keys, say) {
    const block = readBlock(text);
    const { first, sealed } = chain;
    const isOfHead = sealed?.player === head.player && sealed?.seq === head.seq;
    // Where the file begins behind the head, none is sealed.
    const isBehind = !sealed && (!first || first.player === head.player);
    const isFit = (isOfHead || isBehind) && chain.goesOn(head);
    if (isFit && first?.seq !== 1) {
        say(null, "digest.open", { seq: first ? first.seq - 1 : head.seq });
    } else {
        const holds = isFit && isOfHead && toHex(chain.digest) === head.digest;
        say(holds, holds ? "digest.holds" : "digest.broken", { seq: head.seq });
    }
    await checkPath(head, index, path, block, say);
    await checkSignature(block, keys, say);
    if (chain.unsealed) say(null, "unsealed", { count: chain.unsealed, number: block.number });
}

/** @template T @param {number} number @param {() => T} read */
async function naming(number, read) {
    try {
        return read();
    } catch (error) {
        throw error instanceof Broken ? new Broken(`line ${number}: ${error.message}`) : error;
    }
}

/** @param {Uint8Array} line */
function readLine(line) {
    const document = parse(line);
    const spelled = decode(line).replace(/\n$/, "");
    if (isObject(document) && hasKeys(document, ["head", "index", "path", "block"])) {
        if (spelled !== writeEnd(readEnd(document))) throw new Broken("it is not in the canonical form");
        return document;
    }
    if (line.length > MAXIMUM_ENTRY) throw new Broken("it is too long");
    const isSealed = Array.isArray(document);
    if (!isSealed && !(isObject(document) && hasKeys(document, ["sealed", "entry"]) && document["sealed"] === false)) {
        throw new Broken("it is neither an entry nor an end");
    }
    const values = isSealed ? document : /** @type {any} */ (document)["entry"];
    const entry = readEntry(values);
    const text = writeAscii(values);
    if (spelled !== (isSealed ? text : `{"sealed":false,"entry":${text}}`)) throw new Broken("it is not in the canonical form");
    return { entry, text, isSealed };
}

/** @param {Record<string, any>} end @returns {Record<string, any>} */
function readEnd(end) {
    const { head, index, path, block } = end;
    if (head === null && index === null && block === null && Array.isArray(path) && !path.length) return end;
    const holds = isObject(head) && hasKeys(head, ["player", "seq", "mac", "digest"]) && isPlayer(head["player"]) && isInteger(head["seq"])
        && isInteger(index) && typeof block === "string" && Array.isArray(path) && path.length <= MAXIMUM_PATH
        && [...path, head["mac"], head["digest"]].every((text) => typeof text === "string" && HASH.test(text));
    if (!holds) throw new Broken("its end has not its form");
    return end;
}

/** As the server writes it. @param {Record<string, any>} end */
function writeEnd({ head, index, path, block }) {
    const { player, seq, mac, digest } = head ?? {};
    return writeAscii({ head: head && { player, seq, mac, digest }, index, path, block });
}

const PARTS = ["format", "about", "score", "entries", "erasures", "issuers", "checkpoints", "seal"];
/** By format what stands beside those. @type {Map<unknown, string[]>} */
const FORMATS = new Map([["scoreboard.case.v1", []], ["scoreboard.case.v2", []], ["scoreboard.case.v3", ["statements"]]]);

/** @param {unknown} document @param {Key[]} keys @param {Say} say @param {() => Promise<void>} pause  from time to time */
export async function checkCase(document, keys, say, pause) {
    const more = isObject(document) ? FORMATS.get(document["format"]) : undefined;
    if (!isObject(document) || !more || !hasKeys(document, [...PARTS, ...more])) throw new Broken("it has not the parts of a case");
    const { about, entries, checkpoints, score } = document;
    if (![entries, checkpoints].every(Array.isArray) || ![about, score].every(isObject)) throw new Broken("a part of the file has not its form");
    const chain = new Chain();
    const digests = new Map();
    let [faults, erased, mac, frozen] = [0, 0, "", false];
    /** @type {number | null} */
    let reached = null;
    for (const [at, row] of entries.entries()) {
        if (at % 500 === 0) await pause();
        if (!isObject(row)) throw new Broken(`entry ${at + 1} is none`);
        const text = writeCanonical(row);
        const entry = readEntry(JSON.parse(text));
        const found = await chain.take(entry, text, true);
        if (entry.prev !== mac) found.push("it does not follow the MAC of the entry before it");
        if (entry.player !== about["player"]) found.push("the entry is of another player");
        if (entry.kind === "freeze" || entry.kind === "unfreeze") frozen = entry.kind === "freeze";
        if (entry.delta || reached === null) reached = entry.at_us;
        mac = row["mac"];
        digests.set(entry.seq, `${mac} ${toHex(chain.digest)}`);
        erased += row["context"] === null ? 1 : 0;
        for (const fault of found) if (++faults <= FINDINGS) say(false, "entries.broken", { line: at + 1, fault });
        if (row["context"] !== null && toHex(await sha256(encode(writeSorted(row["context"])))) !== entry.detail) {
            if (++faults <= FINDINGS) say(false, "contexts.broken", { seq: entry.seq });
        }
    }
    if (!faults) {
        say(true, "entries.hold", { count: chain.count });
        say(true, "contexts.hold", { erased });
    }
    const derived = {
        id: about["player"], points: chain.last?.balance ?? 0, reached_at: reached === null ? null : writeTime(reached),
        seq: chain.last?.seq ?? 0, head: mac, frozen,
    };
    checkScore(score, derived, say);
    await checkCovers(checkpoints, chain, digests, keys, say);
    say(null, "macs");
    say(null, "command");
}

/** @param {unknown} context */
function writeSorted(context) {
    if (!isObject(context)) throw new Broken("a context is none");
    return writeAscii(Object.fromEntries(Object.keys(context).toSorted().map((name) => [name, context[name]])));
}

/** @param {Record<string, any>} score @param {Record<string, any>} derived @param {Say} say */
function checkScore(score, derived, say) {
    const broken = Object.entries(derived).filter(([name, value]) => score[name] !== value);
    for (const [name, value] of broken) say(false, "score.broken", { name, stored: String(score[name]), derived: String(value) });
    if (!broken.length) say(true, "score.holds", { points: derived.points });
}

/** Every block of a case; the newest one is told of, older ones only where they do not hold. @param {any[]} items @param {Chain} chain @param {Map<number, string>} digests @param {Key[]} keys @param {Say} say */
async function checkCovers(items, chain, digests, keys, say) {
    if (!items.length) return say(null, "uncovered");
    for (const [at, item] of items.entries()) {
        if (!isObject(item) || typeof item["jws"] !== "string") throw new Broken("a checkpoint is none");
        const block = readBlock(item["jws"]);
        if (item["number"] !== block.number) throw new Broken(`checkpoint ${item["number"]} was signed as checkpoint ${block.number}`);
        /** @type {Say} */
        const tell = (holds, key, values) => {
            if (at === 0 || holds === false) say(holds, key, values);
        };
        await checkCover(item, block, chain, digests, tell);
        await checkSignature(block, keys, tell);
        const newer = (chain.last?.seq ?? 0) - item["seq"];
        if (at === 0 && newer > 0) say(null, "unsealed", { count: newer, number: block.number });
    }
}

/** @param {Record<string, any>} item @param {Block} block @param {Chain} chain @param {Map<number, string>} digests @param {Say} say */
async function checkCover(item, block, chain, digests, say) {
    const { seq, mac, digest, index, path, leaves } = item;
    const player = chain.first?.player ?? "";
    if (block.version === 2) {
        const holds = digests.get(seq) === `${mac} ${digest}`;
        say(holds, holds ? "digest.holds" : "digest.broken", { seq });
        if (path === null && index === null) return say(null, "path.open", { number: block.number });
        if (!isInteger(index) || !Array.isArray(path) || !path.every((text) => typeof text === "string" && HASH.test(text))) throw new Broken("a path is none");
        await checkPath({ player, seq, mac, digest }, index, path, block, say);
    } else if (leaves !== null) {
        if (!Array.isArray(leaves) || !leaves.every(Array.isArray)) throw new Broken("a leaf is none");
        const isOne = leaves.some((leaf) => String(leaf) === String([player, seq, mac]));
        const holds = isOne && (await hashLines(/** @type {[string, number, string][]} */ (leaves))) === block.root && (digests.get(seq) ?? "").startsWith(`${mac} `);
        if (!holds) say(false, "path.broken", { number: block.number });
    }
}

const RESULT = /^([1-9][0-9]{0,15}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (0|-?[1-9][0-9]{0,15}) (0|[1-9][0-9]{0,17}) ([1-9][0-9]{0,15})\n$/;

/** @param {Lines} lines @param {Block[] | null} blocks  oldest first @param {Key[]} keys @param {Say} say */
export async function checkResults(lines, blocks, keys, say) {
    const players = new Set();
    const parts = [];
    let [count, direction] = [0, 0];
    /** @type {[number, bigint, string] | null} */
    let last = null;
    for await (const line of lines) {
        count++;
        const [, rank, player, points, at] = RESULT.exec(decode(line)) ?? [];
        if (player === undefined) return say(false, "entries.broken", { line: count, fault: "it is not RANK PLAYER POINTS AT_US SEQ" });
        /** @type {[number, bigint, string]} */
        const place = [Number(points), BigInt(at ?? 0), player];
        const step = last ? Math.sign(place[0] - last[0]) : 0;
        direction ||= step;
        const isInOrder = !last || (step ? step === direction : place[1] > last[1] || (place[1] === last[1] && player > last[2]));
        let fault = "";
        if (Number(rank) !== count) fault = `its rank is not ${count}`;
        else if (players.has(player)) fault = "the player stands on a line before";
        else if (!isInOrder) fault = "it is not in the order of a board";
        if (fault) return say(false, "entries.broken", { line: count, fault });
        players.add(player);
        last = place;
        parts.push(line);
    }
    say(true, "results.hold", { count });
    if (!blocks) return say(null, "statement.open");
    await checkStatements(blocks, count, toHex(await sha256(...parts)), keys, say);
}

/** @param {Block[]} blocks @param {number} count @param {string} hash @param {Key[]} keys @param {Say} say */
async function checkStatements(blocks, count, hash, keys, say) {
    const ordered = blocks.toSorted((one, other) => one.epoch - other.epoch || one.number - other.number);
    const subjects = new Set(ordered.flatMap((block) => block.statements.map(({ subject }) => subject)));
    let isFound = false;
    for (const subject of [...subjects].toSorted()) {
        const stating = ordered.filter((block) => block.statements.some((stated) => stated.subject === subject));
        const held = stating.findLast((block) => block.statements.some((stated) => stated.subject === subject && stated.count === count && stated.sha256 === hash));
        if (!held) continue;
        isFound = true;
        say(true, "statement.holds", { number: held.number, subject });
        await checkSignature(held, keys, say);
        const newest = /** @type {Block} */ (stating.at(-1));
        if (newest !== held) say(null, "statement.amended", { number: newest.number, subject });
    }
    if (!isFound) say(false, "statement.broken");
}

/** Keys as people have them: base64url, a JWK, a JWK set, or a file with `public`. @param {string} text @returns {Key[]} */
export function readKeys(text) {
    const trimmed = text.trim();
    if (!trimmed) return [];
    if (!trimmed.startsWith("{")) return [checkKey({ kid: "", x: trimmed, pinned: true })];
    const document = parse(trimmed);
    if (!isObject(document)) throw new Broken("it holds no key");
    const { keys, public: byKid, x, kid, crv } = document;
    if (isObject(byKid)) return Object.entries(byKid).map(([name, value]) => checkKey({ kid: name, x: value, pinned: true }));
    const found = Array.isArray(keys) ? keys : [{ x, kid, crv }];
    if (!found.every((each) => isObject(each) && each["crv"] === "Ed25519")) throw new Broken("it holds no Ed25519 key");
    return found.map((each) => checkKey({ kid: String(each?.kid ?? ""), x: each?.x, pinned: true }));
}

/** @param {Key} key */
function checkKey(key) {
    if (typeof key.x !== "string" || fromBase64url(key.x).length !== 32) throw new Broken("it holds no key of 32 bytes");
    return key;
}
