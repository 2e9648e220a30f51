import { expect, test } from 'vitest'
import { sha256 } from '../platform/crypto.ts'
import { MerkleRoot } from './merkle.ts'

/** RFC 6962, 2.1, as it is written there. */
function rootOf(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return sha256(Buffer.alloc(0))
  if (leaves.length === 1) return leaves[0]!
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return sha256(Buffer.concat([Buffer.from([1]), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half))]))
}

test('the root of leaves that come one by one is that of the whole tree, for every number of them', () => {
  const leaves = Array.from({ length: 130 }, (_, n) => sha256(String(n)))
  const growing = new MerkleRoot()
  for (const [n, leaf] of leaves.entries()) {
    expect(growing.hex()).toBe(rootOf(leaves.slice(0, n)).toString('hex'))
    growing.add(leaf)
  }
})
