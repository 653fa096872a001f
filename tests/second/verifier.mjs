// A second verifier, written from docs/contract.md 6.2, 17.5 and 18 alone: a request a line on standard input, an answer a line.
// {"proof": TEXT, "keys": {KID: X}} or {"results": TEXT, "blocks": [JWS], "keys": {KID: X}} -> {"fault": ""} or why not.

import { createHash, createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";

const KINDS = new Set(["award", "void", "restore", "adjust", "freeze", "unfreeze", "rename", "import", "config"]);
const ORDER = ["player", "seq", "kid", "kind", "delta", "balance", "value", "action", "ref", "actor", "at_us", "detail", "prev"];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const HEX = /^[0-9a-f]{64}$/;

class Fault extends Error {}

function demand(holds, fault) {
    if (!holds) throw new Fault(fault);
}

const hash = (...parts) => {
    const digest = createHash("sha256");
    for (const part of parts) digest.update(part);
    return digest.digest();
};

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        throw new Fault("no JSON");
    }
}

const isWhole = (value) => typeof value === "number" && Number.isSafeInteger(value);
const namesOf = (value) => Object.keys(value).toSorted().join(" ");

// 6.2: ASCII, no spaces; everything else as \uXXXX.
function canonical(values) {
    let text = "";
    for (const unit of JSON.stringify(values)) {
        for (let at = 0; at < unit.length; at++) {
            const code = unit.charCodeAt(at);
            text += code > 126 ? `\\u${code.toString(16).padStart(4, "0")}` : unit[at];
        }
    }
    return text;
}

function readEntry(values) {
    demand(Array.isArray(values), "an entry that is no array");
    const hasValue = values[0] === "scoreboard.entry.v2";
    demand(hasValue || values[0] === "scoreboard.entry.v1", "an entry of another version");
    const names = hasValue ? ORDER : ORDER.filter((name) => name !== "value");
    demand(values.length === names.length + 1, "an entry with other columns");
    const entry = Object.fromEntries(names.map((name, at) => [name, values[at + 1]]));
    for (const [name, value] of Object.entries(entry)) {
        const isNumber = ["seq", "delta", "balance", "value", "at_us"].includes(name);
        demand(isNumber ? isWhole(value) : typeof value === "string" || (name === "ref" && value === null), `${name} of an entry`);
    }
    demand(UUID.test(entry.player) && KINDS.has(entry.kind) && entry.seq > 0 && entry.balance >= 0, "an entry of no player or kind");
    return entry;
}

// The definition itself, downwards: the left half is the largest power of two below the size (RFC 9162, section 2.1.3.1).
function rootOf(leaf, index, size, path) {
    if (size === 1) {
        demand(path.length === 0, "a path that is too long");
        return leaf;
    }
    demand(path.length > 0, "a path that is too short");
    const half = 2 ** Math.floor(Math.log2(size - 1));
    const [rest, last] = [path.slice(0, -1), Buffer.from(path.at(-1), "hex")];
    return index < half
        ? hash(Buffer.of(1), rootOf(leaf, index, half, rest), last)
        : hash(Buffer.of(1), last, rootOf(leaf, index - half, size - half, rest));
}

function readBlock(text, keys) {
    const parts = String(text).split(".");
    demand(parts.length === 3 && parts.every((part) => Buffer.from(part, "base64url").toString("base64url") === part), "a block that is no JWS");
    const [head, body] = parts.slice(0, 2).map((part) => Buffer.from(part, "base64url").toString());
    const { kid } = parse(head) ?? {};
    demand(head === JSON.stringify({ alg: "EdDSA", kid, typ: "scoreboard-checkpoint+jwt" }), "a header that is another");
    demand(typeof keys[kid] === "string", "a key that nobody pinned");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: keys[kid] }, format: "jwk" });
    demand(verify(null, Buffer.from(parts.slice(0, 2).join(".")), key, Buffer.from(parts[2], "base64url")), "a signature of somebody else");
    const block = parse(body);
    demand(block.v === 2 && namesOf(block) === "at_us count epoch number prev root statements v", "a block of another form");
    demand([block.number, block.epoch, block.at_us, block.count].every(isWhole) && HEX.test(block.root), "claims of another form");
    return block;
}

function checkProof(text, keys) {
    demand(text.endsWith("\n"), "a file that was cut off");
    const lines = text.slice(0, -1).split("\n");
    const end = parse(lines.pop());
    demand(end && typeof end === "object" && namesOf(end) === "block head index path", "a file without its end");
    let [digest, last, sealed, isOpen, first] = [Buffer.alloc(32), null, null, false, null];
    for (const line of lines) {
        const document = parse(line);
        const isSealed = Array.isArray(document);
        demand(isSealed || (document.sealed === false && namesOf(document) === "entry sealed"), "a line of another kind");
        const values = isSealed ? document : document.entry;
        const entry = readEntry(values);
        demand(line === (isSealed ? canonical(values) : `{"sealed":false,"entry":${canonical(values)}}`), "another spelling");
        demand(!(isSealed && isOpen), "a sealed entry behind one that is not");
        const isNext = last === null || (entry.player === last.player && entry.seq === last.seq + 1 && entry.at_us >= last.at_us);
        demand(isNext && (last === null || entry.balance === last.balance + entry.delta), "entries that do not follow each other");
        demand(last !== null || entry.seq > 1 || (entry.prev === "" && entry.balance === entry.delta), "a first entry that is none");
        if (isSealed) [digest, sealed] = [hash(digest, line), entry];
        if (!isSealed && !isOpen && end.head) demand(entry.prev === end.head.mac || entry.seq !== end.head.seq + 1, "a head that is another");
        [last, first, isOpen] = [entry, first ?? entry, isOpen || !isSealed];
    }
    if (end.head === null) {
        demand(end.index === null && end.block === null && Array.isArray(end.path) && !end.path.length && !sealed, "an end without a head");
        return;
    }
    const { head, index, path } = end;
    demand(namesOf(head) === "digest mac player seq" && UUID.test(head.player) && isWhole(head.seq), "a head of another form");
    demand(Array.isArray(path) && [...path, head.mac, head.digest].every((each) => typeof each === "string" && HEX.test(each)), "a hash that is none");
    const block = readBlock(end.block, keys);
    demand(isWhole(index) && index >= 0 && index < block.count, "an index outside of the tree");
    const leaf = hash(Buffer.of(0), canonical(["scoreboard.head.v2", head.player, head.seq, head.mac, head.digest]));
    demand(rootOf(leaf, index, block.count, path).toString("hex") === block.root, "a path to elsewhere");
    demand(sealed === null || (sealed.seq === head.seq && sealed.player === head.player), "another head");
    demand(first === null || first.player === head.player, "another player's head");
    if (first?.seq !== 1) return; // begins after an entry: no digest can be made
    demand(sealed?.seq === head.seq && sealed.player === head.player && digest.toString("hex") === head.digest, "another digest");
}

function checkResults(text, blocks, keys) {
    const rows = text === "" ? [] : text.split("\n");
    if (rows.length) demand(rows.pop() === "", "results that were cut off");
    const seen = new Set();
    const places = rows.map((row, at) => {
        const fields = row.split(" ");
        const [rank, player, points, moment, seq] = fields;
        const numbers = [rank, points, moment, seq].map((each) => BigInt(/^(0|-?[1-9]\d*)$/.test(each ?? "") ? each : -1n));
        demand(fields.length === 5 && UUID.test(player) && !seen.has(player) && rank === String(at + 1), "a row of another form");
        demand(numbers.every((number, which) => String(number) === [rank, points, moment, seq][which]), "a number in another spelling");
        seen.add(player);
        return { player, points: numbers[1], moment: numbers[2] };
    });
    const directions = new Set();
    for (const [at, { player, points, moment }] of places.entries()) {
        const before = places[at - 1];
        if (before && before.points !== points) directions.add(points > before.points);
        else if (before) demand(moment > before.moment || (moment === before.moment && player > before.player), "rows out of order");
    }
    demand(directions.size < 2, "points up and down");
    const stated = blocks.map((block) => readBlock(block, keys)).flatMap((block) => block.statements);
    const own = hash(text).toString("hex");
    demand(stated.some(({ count, sha256 }) => count === rows.length && sha256 === own), "results that nobody stated");
}

for await (const line of createInterface({ input: process.stdin })) {
    const { proof, results, blocks, keys } = JSON.parse(line);
    let fault = "";
    try {
        if (proof === undefined) checkResults(results, blocks, keys);
        else checkProof(proof, keys);
    } catch (error) {
        fault = error instanceof Fault ? error.message : `broken: ${error}`;
    }
    process.stdout.write(`${JSON.stringify({ fault })}\n`);
}
