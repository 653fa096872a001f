// Blocks (contract, 6.8 and 18.2), their statements (18.3), and the keys that they are checked with (18.4).

import { createPublicKey, verify } from "node:crypto";

import { Fault, HASH, read, require, requireFields, requireInteger, requireText, write } from "./strict_json.mjs";
import { sha256 } from "./tree.mjs";

export const MOST_LEAVES = 50_000;
const MOST_STATEMENTS = 50;
const SUBJECT = /^board:[a-z0-9-]{1,48}\/[^/]+$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** @typedef {{subject: string, count: number, sha256: string}} Statement */
/** @typedef {{version: 1 | 2, isVerified: boolean, number: number, prev: string, at: string, count: number, root: string, statements: Statement[]}} Block */

/**
 * Reads base64url without padding in its one canonical spelling.
 *
 * @param {string} text
 */
export function readBase64url(text) {
  const bytes = Buffer.from(text, "base64url");
  require(bytes.toString("base64url") === text, "base64url: not canonical");
  return bytes;
}

/** @param {Buffer} bytes */
function readText(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Fault("block: no UTF-8");
  }
}

/**
 * Finds the one key of a JWK set that has this id; null where there is none.
 *
 * @param {{keys: Record<string, unknown>[]}} set
 * @param {string} kid
 */
function findKey(set, kid) {
  const named = set.keys.filter((key) => key.kid === kid);
  if (named.length === 0) return null;
  require(named.length === 1, "key: two of that id");
  const [{ kty, crv, alg, use, x }] = named;
  require(kty === "OKP" && crv === "Ed25519" && alg === "EdDSA" && use === "sig", "key: not for these signatures");
  require(typeof x === "string" && readBase64url(x).length === 32, "key: not 32 bytes");
  return createPublicKey({ key: { kty, crv, x }, format: "jwk" });
}

/**
 * Verifies a compact JWS by the key that its header names, where there is that key, and returns the text of its payload.
 *
 * @param {unknown} jws
 * @param {{keys: Record<string, unknown>[]}} keys
 */
function openBlock(jws, keys) {
  require(typeof jws === "string", "block: no text");
  const parts = jws.split(".");
  require(parts.length === 3, "block: not three parts");
  const [header, payload, signature] = parts.map(readBase64url);
  const fields = requireFields(read(readText(header)), ["alg", "kid", "typ"], "header");
  require(fields.get("alg") === "EdDSA", "header: another algorithm");
  require(fields.get("typ") === "scoreboard-checkpoint+jwt", "header: another type");
  require(write(fields) === readText(header), "header: not canonical");
  const key = findKey(keys, requireText(fields.get("kid"), /./, "header: kid"));
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
  require(signature.length === 64 && (key === null || verify(null, signed, key, signature)), "signature: does not hold");
  return { text: readText(payload), isVerified: key !== null };
}

/**
 * @param {unknown} list
 * @returns {Statement[]}
 */
function readStatements(list) {
  require(Array.isArray(list) && list.length <= MOST_STATEMENTS, "statements: no list of at most 50");
  const statements = list.map((each) => {
    const fields = requireFields(each, ["count", "ends_us", "sha256", "starts_us", "subject"], "statement");
    const starts = requireInteger(fields.get("starts_us"), "starts_us", -Number.MAX_SAFE_INTEGER);
    requireInteger(fields.get("ends_us"), "ends_us", starts);
    return {
      subject: requireText(fields.get("subject"), SUBJECT, "subject"),
      count: requireInteger(fields.get("count"), "statement: count"),
      sha256: requireText(fields.get("sha256"), HASH, "statement: sha256"),
    };
  });
  const inOrder = statements.every(({ subject }, at) => at === 0 || statements[at - 1].subject < subject);
  require(inOrder, "statements: not by subject, each once");
  return statements;
}

/**
 * @param {Map<string, any>} claims
 * @returns {Omit<Block, "isVerified">}
 */
function readVersion1(claims) {
  requireFields(claims, ["at", "count", "epoch", "number", "prev", "root", "v"], "block");
  require(claims.get("v") === "scoreboard.checkpoint.v1", "block: another version");
  return { ...readCommon(claims), version: 1, at: requireText(claims.get("at"), TIME, "at"), statements: [] };
}

/**
 * @param {Map<string, any>} claims
 * @returns {Omit<Block, "isVerified">}
 */
function readVersion2(claims) {
  requireFields(claims, ["at_us", "count", "epoch", "number", "prev", "root", "statements", "v"], "block");
  require(claims.get("v") === 2, "block: another version");
  const block = { ...readCommon(claims), at: String(requireInteger(claims.get("at_us"), "at_us")) };
  const statements = readStatements(claims.get("statements"));
  require(statements.length === 0 || block.count < MOST_LEAVES, "block: statements in a full one");
  require(block.count > 0 || block.root === sha256().toString("hex"), "block: the root of no leaf is another");
  return { ...block, version: 2, statements };
}

/** @param {Map<string, any>} claims */
function readCommon(claims) {
  requireInteger(claims.get("epoch"), "epoch");
  const number = requireInteger(claims.get("number"), "number");
  // What the first block has for `prev`, and whether it is 0 or 1, the contract does not say.
  const prev = requireText(claims.get("prev"), number > 1 ? HASH : /^(?:[0-9a-f]{64})?$/, "block: prev");
  const count = requireInteger(claims.get("count"), "block: count", 0, MOST_LEAVES);
  return { number, prev, count, root: requireText(claims.get("root"), HASH, "root") };
}

/**
 * Reads a block, of version 1 too; raises a Fault where it is not as one of the keys signed it.
 *
 * @param {unknown} jws
 * @param {{keys: Record<string, unknown>[]}} keys
 * @returns {Block}
 */
export function readBlock(jws, keys) {
  const { text, isVerified } = openBlock(jws, keys);
  const claims = read(text);
  require(claims instanceof Map, "block: no object");
  require(write(claims) === text, "block: not canonical");
  return { ...(claims.has("at_us") ? readVersion2(claims) : readVersion1(claims)), isVerified };
}
