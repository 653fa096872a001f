// Entries (contract, 6.1 and 6.2) and what has to hold from one to the next (18.5).

import { HASH, UUID, read, require, requireInteger, requireText, write } from "./strict_json.mjs";

const NAMES = ["player", "seq", "kid", "kind", "delta", "balance", "action", "ref", "actor", "at_us", "detail", "prev"];
const KIND = /^(?:award|void|restore|adjust|freeze|unfreeze|rename|import|config)$/;
const SLUG = /^[A-Za-z0-9_-]{0,64}$/;
const SYSTEM = "00000000-0000-0000-0000-000000000000";
const ACT = new RegExp(
  `${SLUG.source}|^(?:(?:erase|identity):${UUID.source.slice(1, -1)}|flag:[1-9][0-9]*|rebuild:(?:standings)?|restore:|import:)$` +
    "|^(?:board|period):[a-z0-9-]{1,48}$",
);
const REF = /^(?:r:.+:[A-Za-z0-9_-]{22,64}|k:[0-9a-f-]{36}:[0-9a-f]{64}|v:[0-9a-f-]{36}:[1-9][0-9]*|i:[0-9a-f]{64}:(?:0|[1-9][0-9]*))$/;
const ACTOR = new RegExp(`${UUID.source}|^system$`);
const LARGEST = Number.MAX_SAFE_INTEGER;
const FARTHEST = 1_000_000;
const UNBOUNDED = new Set(["import", "void", "restore"]);

/** @typedef {{player: string, seq: number, delta: number, balance: number, at: number, prev: string}} Entry */

/**
 * Reads the canonical array of one entry of a player.
 *
 * @param {string} text
 * @returns {Entry}
 */
export function readEntry(text) {
  const array = read(text);
  require(Array.isArray(array) && write(array) === text, "entry: not the canonical array");
  const [version, ...rest] = array;
  const names = version === "scoreboard.entry.v2" ? NAMES.toSpliced(6, 0, "value") : NAMES;
  require(version === "scoreboard.entry.v1" || names !== NAMES, "entry: another version");
  require(rest.length === names.length, "entry: not as many columns");
  const entry = new Map(names.map((name, at) => [name, rest[at]]));
  requireText(entry.get("kid"), /./, "kid");
  const kind = requireText(entry.get("kind"), KIND, "kind");
  if (entry.has("value")) {
    require(kind === "award", "value: not of an award");
    requireInteger(entry.get("value"), "value", -LARGEST);
  }
  requireText(entry.get("action"), entry.get("player") === SYSTEM ? ACT : SLUG, "action");
  if (entry.get("ref") !== null) requireText(entry.get("ref"), REF, "ref");
  requireText(entry.get("actor"), ACTOR, "actor");
  requireText(entry.get("detail"), HASH, "detail");
  const seq = requireInteger(entry.get("seq"), "seq", 1);
  const farthest = UNBOUNDED.has(kind) ? LARGEST : FARTHEST;
  return {
    player: requireText(entry.get("player"), UUID, "player"),
    seq,
    delta: requireInteger(entry.get("delta"), "delta", -farthest, farthest),
    balance: requireInteger(entry.get("balance"), "balance"),
    at: requireInteger(entry.get("at_us"), "at_us"),
    prev: requireText(entry.get("prev"), seq === 1 ? /^$/ : HASH, "prev"),
  };
}

/**
 * Requires what holds within a chain, or a piece of one that begins later.
 *
 * @param {Entry[]} entries
 */
export function requireChain(entries) {
  entries.forEach((entry, at) => {
    const before = at > 0 ? entries[at - 1] : null;
    if (before === null) {
      const balance = entry.balance - entry.delta;
      require(entry.seq === 1 ? balance === 0 : balance >= 0 && balance <= LARGEST, "balance: not from nothing");
      return;
    }
    require(entry.player === before.player, "player: another one");
    require(entry.seq === before.seq + 1, "seq: a gap");
    require(entry.balance === before.balance + entry.delta, "balance: not that before and delta");
    require(entry.at >= before.at, "at_us: goes back");
  });
}
