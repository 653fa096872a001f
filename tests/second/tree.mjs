// The Merkle tree of RFC 9162, section 2.1, and the digests of a chain (contract, 18.1).

import { createHash } from "node:crypto";

/** @param {...(string | Uint8Array)} parts */
export function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

/** @param {string | Uint8Array} leaf */
export const hashLeaf = (leaf) => sha256(LEAF, leaf);

/**
 * @param {Buffer} left
 * @param {Buffer} right
 */
const hashNode = (left, right) => sha256(NODE, left, right);

/**
 * Makes the root from a stack of perfect subtrees: two of one height become one of the next, as bits carry in counting.
 * What is left in the end is folded from the right.
 *
 * @param {Buffer[]} hashes of the leaves
 */
export function makeRoot(hashes) {
  /** @type {{height: number, hash: Buffer}[]} */
  const stack = [];
  for (const leaf of hashes) {
    let grown = { height: 0, hash: leaf };
    while (stack.at(-1)?.height === grown.height) {
      const left = /** @type {{hash: Buffer}} */ (stack.pop());
      grown = { height: grown.height + 1, hash: hashNode(left.hash, grown.hash) };
    }
    stack.push(grown);
  }
  const folded = stack.map(({ hash }) => hash);
  return folded.length === 0 ? sha256() : folded.reduceRight((right, left) => hashNode(left, right));
}

/**
 * Makes the inclusion path level by level: whoever has no neighbour goes up as it is.
 *
 * @param {Buffer[]} hashes of the leaves
 * @param {number} index
 */
export function makePath(hashes, index) {
  const path = [];
  let level = hashes;
  for (let at = index; level.length > 1; at = Math.floor(at / 2)) {
    const neighbour = level[at % 2 ? at - 1 : at + 1];
    if (neighbour) path.push(neighbour);
    const above = [];
    for (let left = 0; left < level.length; left += 2) {
      above.push(left + 1 < level.length ? hashNode(level[left], level[left + 1]) : level[left]);
    }
    level = above;
  }
  return path;
}

/**
 * Follows a path as RFC 9162 says in section 2.1.3.2; null where it cannot be one of a tree of that size. In BigInt, so that
 * a shift leaves numbers beyond 32 bits what they are.
 *
 * @param {Buffer} leaf its hash
 * @param {number} index
 * @param {number} count
 * @param {Buffer[]} path
 */
export function followPath(leaf, index, count, path) {
  if (index >= count) return null;
  let [fn, sn, hash] = [BigInt(index), BigInt(count) - 1n, leaf];
  for (const sibling of path) {
    if (sn === 0n) return null;
    if (fn & 1n || fn === sn) {
      hash = hashNode(sibling, hash);
      const zeros = fn === 0n ? 0n : countZeros(fn);
      fn >>= zeros;
      sn >>= zeros;
    } else {
      hash = hashNode(hash, sibling);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n ? hash : null;
}

/** @param {bigint} number above 0; how many zeros its bits end in */
const countZeros = (number) => BigInt((number & -number).toString(2).length - 1);

/**
 * Makes the digests d(1) to d(n) of a chain from its first entry on.
 *
 * @param {string[]} entries as the MAC covers them
 */
export function makeDigests(entries) {
  let digest = Buffer.alloc(32);
  return entries.map((entry) => (digest = sha256(digest, entry)));
}
