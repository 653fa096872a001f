// A second implementation of proofs and results, written from the contract alone (6, 9.3, 17.5, 18) and not from our code.
//
// Answers each line of standard input, a request, with one line of JSON. The requests:
//
//   {"check": "proof", "text", "keys"}                      a player's proof; `keys` a JWK set
//   {"check": "results", "text", "blocks", "keys"}          results, and the blocks of which one must state them
//   {"check": "log", "chains", "blocks", "heads", "keys"}   chains as lists of [entry, MAC], heads as [player, seq] by block
//   {"check": "path", "leaf", "index", "count", "path", "root"}
//   {"check": "signature", "x", "message", "signature"}     Ed25519; `x` is the base64url of the key, the others are hex
//   {"make": "root" | "digests", "leaves" | "entries"}, {"make": "path", "leaves", "index"}
//   {"make": "signature", "x", "d", "message"}
//
// Leaves are text, or with "encoding": "hex" bytes. A check is answered with {"holds": true, "unchecked": [...]} or
// {"holds": false, "why"}, what is to be made with {"made"}, and a request that this program fails at with {"broken"}.

import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { createInterface } from "node:readline";

import { checkLog, checkProof, checkResults } from "./checks.mjs";
import { Fault, require } from "./strict_json.mjs";
import { followPath, hashLeaf, makeDigests, makePath, makeRoot } from "./tree.mjs";

/** @param {string} text */
const fromHex = (text) => Buffer.from(text, "hex");
/** @param {Buffer} bytes */
const toHex = (bytes) => bytes.toString("hex");

/** @param {any} request */
const hashLeaves = ({ leaves, encoding = "utf8" }) =>
  leaves.map((/** @type {string} */ leaf) => hashLeaf(Buffer.from(leaf, encoding)));

/** @param {any} request */
function checkPath({ leaf, index, count, path, root, encoding = "utf8" }) {
  const led = followPath(hashLeaf(Buffer.from(leaf, encoding)), index, count, path.map(fromHex));
  require(led !== null && toHex(led) === root, "path: does not lead to the root");
  return [];
}

/** @param {any} request */
function checkSignature({ x, message, signature }) {
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  require(verify(null, fromHex(message), key, fromHex(signature)), "signature: does not hold");
  return [];
}

/** @param {any} request */
function makeSignature({ x, d, message }) {
  const key = createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", x, d }, format: "jwk" });
  return toHex(sign(null, fromHex(message), key));
}

/** @type {Record<string, (request: any) => string[]>} */
const CHECKS = {
  proof: ({ text, keys }) => checkProof(text, keys),
  results: ({ text, blocks, keys }) => checkResults(text, blocks, keys),
  log: checkLog,
  path: checkPath,
  signature: checkSignature,
};

/** @type {Record<string, (request: any) => string | string[]>} */
const MAKERS = {
  root: (request) => toHex(makeRoot(hashLeaves(request))),
  path: (request) => makePath(hashLeaves(request), request.index).map(toHex),
  digests: ({ entries }) => makeDigests(entries).map(toHex),
  signature: makeSignature,
};

/** @param {string} line */
function answer(line) {
  try {
    const request = JSON.parse(line);
    if (request.make) return { made: MAKERS[request.make](request) };
    return { holds: true, unchecked: CHECKS[request.check](request) };
  } catch (error) {
    if (error instanceof Fault) return { holds: false, why: error.message };
    return { broken: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(line))}\n`);
}
