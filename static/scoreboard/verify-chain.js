/** A chain of entries, one after the other, and its digest: what a proof and a case file have in common (docs/contract.md 18.5). */

import { Broken, encode, HASH, isInteger, isPlayer, sha256, writeAscii } from "./verify-format.js";

/** @typedef {{ player: string, seq: number, kind: string, delta: number, balance: number, at_us: number, detail: string, prev: string }} Entry */

export const KINDS = new Set(["award", "void", "restore", "adjust", "freeze", "unfreeze", "rename", "import", "config"]);
const FIELDS = ["player", "seq", "kid", "kind", "delta", "balance", "value", "action", "ref", "actor", "at_us", "detail", "prev"];
const NUMBERS = new Set(["seq", "delta", "balance", "at_us"]);

/** @param {unknown} values  the canonical array, parsed @returns {Entry} */
export function readEntry(values) {
    if (!Array.isArray(values)) throw new Broken("it is no entry");
    const [version, ...fields] = values;
    if (version === "scoreboard.entry.v1") fields.splice(FIELDS.indexOf("value"), 0, null);
    const entry = Object.fromEntries(FIELDS.map((name, at) => [name, fields[at]]));
    const hasValue = version === "scoreboard.entry.v2";
    const holds = (hasValue || version === "scoreboard.entry.v1") && fields.length === FIELDS.length
        && (hasValue ? isInteger(entry["value"]) : entry["value"] === null)
        && FIELDS.every((name) => name === "value" || (NUMBERS.has(name) ? isInteger(entry[name]) : typeof entry[name] === "string" || (name === "ref" && entry[name] === null)));
    if (!holds) throw new Broken("it is no entry");
    if (!isPlayer(entry["player"])) throw new Broken("its player is no id");
    if (!HASH.test(entry["detail"]) || !(entry["prev"] === "" || HASH.test(entry["prev"]))) throw new Broken("one of its hashes is none");
    return /** @type {any} */ (entry);
}

/** @param {Record<string, any>} row  a row of a case file */
export function writeCanonical(row) {
    const names = "value" in row ? FIELDS : FIELDS.filter((name) => name !== "value");
    return writeAscii([`scoreboard.entry.v${"value" in row ? 2 : 1}`, ...names.map((name) => row[name])]);
}

export class Chain {
    count = 0;
    unsealed = 0;
    digest = new Uint8Array(32);
    /** @type {Entry | null} */
    first = null;
    /** @type {Entry | null} */
    last = null;
    /** @type {Entry | null} */
    sealed = null;
    /** @type {Entry | null} */
    behind = null;

    /** Go on by an entry; what is wrong with it. @param {Entry} entry @param {string} text  its canonical form @param {boolean} isSealed */
    async take(entry, text, isSealed) {
        const faults = this.#findFaults(entry, isSealed);
        if (isSealed) {
            this.digest = await sha256(this.digest, encode(text));
            this.sealed = entry;
        } else if (this.unsealed++ === 0) {
            this.behind = entry;
        }
        this.first ??= entry;
        this.last = entry;
        this.count++;
        return faults;
    }

    /** Whether the first entry that is not sealed lies behind the head, and follows it where it is the next. @param {{ seq: number, mac: string }} head */
    goesOn({ seq, mac }) {
        const { behind } = this;
        return !behind || behind.seq > seq + 1 || (behind.seq === seq + 1 && behind.prev === mac);
    }

    /** @param {Entry} entry @param {boolean} isSealed */
    #findFaults(entry, isSealed) {
        const last = this.last;
        /** @type {[boolean, string][]} */
        const rules = [
            [!KINDS.has(entry.kind), `there is no entry of kind ${entry.kind}`],
            [entry.balance < 0 || entry.seq < 1, "its balance or number is none"],
            [entry.seq > 1 && entry.prev === "", "the entry follows none"],
            [isSealed && this.unsealed > 0, "a sealed entry follows one that is not"],
        ];
        if (last) {
            rules.push(
                [entry.player !== last.player, "the entry is of another player"],
                [entry.seq !== last.seq + 1, `entry ${last.seq + 1} is missing`],
                [entry.balance !== last.balance + entry.delta, "the balance is not the one before plus delta"],
                [entry.at_us < last.at_us, "the entry is earlier than the one before it"],
            );
        } else if (entry.seq === 1) {
            rules.push([entry.prev !== "" || entry.balance !== entry.delta, "the first entry goes on from another"]);
        }
        return rules.filter(([isBroken]) => isBroken).map(([, fault]) => fault);
    }
}
