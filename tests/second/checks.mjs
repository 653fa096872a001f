// The checks of files (contract, 18.5) and of a whole log; each returns what could not be checked, and throws a Fault.

import { readBlock } from "./blocks.mjs";
import { readEntry, requireChain } from "./chain.mjs";
import { HASH, UUID, read, require, requireFields, requireInteger, requireText, write } from "./strict_json.mjs";
import { followPath, hashLeaf, makeDigests, makeRoot, sha256 } from "./tree.mjs";

const LONGEST_LINE = 16 * 1024;
const LONGEST_LAST = 128 * 1024;
const UNSEALED = ['{"sealed":false,"entry":', "}"];
const INTEGER = "(?:0|-?[1-9][0-9]*)";
const RESULT = new RegExp(`^([1-9][0-9]*) (\\S+) (${INTEGER}) (0|[1-9][0-9]*) ([1-9][0-9]*)$`);

/** @typedef {{keys: Record<string, unknown>[]}} Keys */
/** @typedef {{player: string, seq: number, mac: string, digest: string}} Head */
/** @typedef {import("./chain.mjs").Entry & {text: string, sealed: boolean}} Line */

/** @param {Head} head */
export const writeLeaf = ({ player, seq, mac, digest }) => write(["scoreboard.head.v2", player, seq, mac, digest]);

/**
 * @param {string} text
 * @returns {Line}
 */
function readLine(text) {
  require(Buffer.byteLength(text) <= LONGEST_LINE, "line: too long");
  const sealed = !text.startsWith(UNSEALED[0]);
  require(sealed || text.endsWith(UNSEALED[1]), "line: not the unsealed form");
  const entry = sealed ? text : text.slice(UNSEALED[0].length, -UNSEALED[1].length);
  return { ...readEntry(entry), text: entry, sealed };
}

/** @param {Map<string, any>} last */
function readHead(last) {
  const fields = requireFields(last.get("head"), ["player", "seq", "mac", "digest"], "head");
  return {
    player: requireText(fields.get("player"), UUID, "head: player"),
    seq: requireInteger(fields.get("seq"), "head: seq", 1),
    mac: requireText(fields.get("mac"), HASH, "head: mac"),
    digest: requireText(fields.get("digest"), HASH, "head: digest"),
  };
}

/**
 * @param {Map<string, any>} last
 * @param {Head} head
 * @param {Keys} keys
 */
function requireInBlock(last, head, keys) {
  const block = readBlock(last.get("block"), keys);
  require(block.version === 2, "block: of version 1");
  const index = requireInteger(last.get("index"), "index");
  const path = last.get("path");
  require(Array.isArray(path), "path: no list");
  const hashes = path.map((each) => Buffer.from(requireText(each, HASH, "path"), "hex"));
  const root = followPath(hashLeaf(writeLeaf(head)), index, block.count, hashes);
  require(root?.toString("hex") === block.root, "path: does not lead to the root");
  return block.isVerified;
}

/**
 * Requires that the head is that of the sealed lines and goes before the others.
 *
 * @param {Line[]} lines
 * @param {Head} head
 */
function requireHead(lines, head) {
  const sealed = lines.filter((line) => line.sealed);
  require(lines.every((line) => line.player === head.player), "head: of another player");
  require(lines.every((line) => line.sealed === line.seq <= head.seq), "sealed: not just as far as the head");
  const next = lines.find((line) => line.seq === head.seq + 1);
  require(next === undefined || next.prev === head.mac, "prev: not the MAC of the head");
  if (sealed.length === 0) return;
  require(sealed[sealed.length - 1].seq === head.seq, "head: not of the last sealed entry");
  if (sealed[0].seq > 1) return;
  const digest = makeDigests(sealed.map((line) => line.text))[sealed.length - 1];
  require(digest.toString("hex") === head.digest, "digest: not that of the head");
}

/**
 * Checks a player's proof.
 *
 * @param {string} text
 * @param {Keys} keys
 */
export function checkProof(text, keys) {
  const texts = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
  const end = texts.pop() ?? "";
  require(Buffer.byteLength(end) <= LONGEST_LAST, "line: too long");
  const value = read(end);
  require(value instanceof Map && !value.has("sealed"), "last line: missing");
  const last = requireFields(value, ["head", "index", "path", "block"], "last line");
  require(write(last) === end, "last line: not canonical");
  const lines = texts.map(readLine);
  requireChain(lines);
  if (last.get("head") === null) {
    require(write(last) === '{"head":null,"index":null,"path":[],"block":null}', "last line: half a head");
    require(lines.every((line) => !line.sealed), "sealed: without a head");
    return ["block"];
  }
  const head = readHead(last);
  requireHead(lines, head);
  const isVerified = requireInBlock(last, head, keys);
  const hasDigest = lines.length > 0 && lines[0].seq === 1;
  return [...(hasDigest ? [] : ["digest"]), ...(isVerified ? [] : ["signature"])];
}

/** @param {string} text */
function readResults(text) {
  require(text === "" || text.endsWith("\n"), "results: a line without an end");
  return text.split("\n").slice(0, -1).map((line, at) => {
    const found = RESULT.exec(line);
    require(found, "results: a line of another form");
    const [rank, points, time, seq] = [found[1], found[3], found[4], found[5]].map(Number);
    require([rank, points, time, seq].every(Number.isSafeInteger), "results: a number beyond 2^53 - 1");
    require(rank === at + 1, "results: ranks do not count from 1");
    return { player: requireText(found[2], UUID, "results: player"), points, time };
  });
}

/** @typedef {{player: string, points: number, time: number}} Row */

/** @param {readonly [Row, Row]} tie */
const isEarlier = ([one, two]) => one.time < two.time || (one.time === two.time && one.player < two.player);

/** @param {Row[]} rows */
function requireOrder(rows) {
  require(new Set(rows.map(({ player }) => player)).size === rows.length, "results: a player twice");
  const pairs = rows.slice(1).map((row, at) => /** @type {const} */ ([rows[at], row]));
  // Whether the smallest comes first stands in no line: it has to be one way or the other throughout.
  const isDown = pairs.every(([before, row]) => before.points >= row.points);
  require(isDown || pairs.every(([before, row]) => before.points <= row.points), "results: points go up and down");
  const ties = pairs.filter(([before, row]) => before.points === row.points);
  require(ties.every(isEarlier), "results: times or ids not in order");
}

/**
 * Checks results against the blocks of which one must state them.
 *
 * @param {string} text
 * @param {unknown[]} jwss
 * @param {Keys} keys
 */
export function checkResults(text, jwss, keys) {
  const rows = readResults(text);
  requireOrder(rows);
  const hash = sha256(text).toString("hex");
  const stating = jwss
    .map((jws) => readBlock(jws, keys))
    .filter(({ statements }) => statements.some((each) => each.sha256 === hash && each.count === rows.length));
  require(stating.length > 0, "results: stated by no block");
  return stating.some((block) => block.isVerified) ? [] : ["signature"];
}

/**
 * Reads a chain of which the MACs are known; an entry's is the next one's `prev`.
 *
 * @param {[string, string][]} chain entries with their MACs
 */
function readChain(chain) {
  const entries = chain.map(([text]) => readEntry(text));
  requireChain(entries);
  require(entries[0].seq === 1, "seq: not from the first");
  for (const [at, [, mac]] of chain.entries()) {
    requireText(mac, HASH, "mac");
    require(at + 1 === chain.length || entries[at + 1].prev === mac, "prev: not the MAC of the entry before");
  }
  const digests = makeDigests(chain.map(([text]) => text)).map((digest) => digest.toString("hex"));
  const { player } = entries[0];
  return chain.map(([, mac], at) => ({ player, seq: at + 1, mac, digest: digests[at] }));
}

/**
 * Checks a whole log: its chains, its blocks of version 2 from the first on, and the heads that each block is over.
 *
 * @param {{chains: [string, string][][], blocks: string[], heads: [string, number][][], keys: Keys}} log
 */
export function checkLog({ chains, blocks, heads, keys }) {
  const known = new Map(chains.map(readChain).map((chain) => [chain[0].player, chain]));
  require(known.size === chains.length, "player: two chains");
  require(heads.length === blocks.length, "heads: not of each block");
  const opened = blocks.map((jws) => readBlock(jws, keys));
  /** @type {Map<string, number>} */
  const covered = new Map();
  for (const [at, block] of opened.entries()) {
    require(block.version === 2, "block: of version 1");
    require(block.isVerified, "block: without its key");
    require(at === 0 || block.number === opened[at - 1].number + 1, "block: a gap");
    require(at === 0 || block.prev === sha256(blocks[at - 1]).toString("hex"), "block: not the one before");
    require(at === 0 || Number(block.at) >= Number(opened[at - 1].at), "block: goes back in time");
    const leaves = heads[at].map(([player, seq], place) => {
      require(place === 0 || heads[at][place - 1][0] < player, "heads: not in the order of players");
      require(seq > (covered.get(player) ?? 0), "heads: of a chain that did not move");
      covered.set(player, seq);
      const head = known.get(player)?.[seq - 1];
      require(head, "heads: of no entry");
      return hashLeaf(writeLeaf(head));
    });
    require(leaves.length === block.count, "count: another one");
    require(makeRoot(leaves).toString("hex") === block.root, "root: another one");
  }
  return [];
}
