import { sha256 } from '../platform/crypto.ts'

/** The root of RFC 6962's tree over leaf hashes that come one by one; it remembers as many hashes as the tree is high. */
export class MerkleRoot {
  /** Roots of complete subtrees, widest first, with how many leaves each has. */
  private readonly peaks: { hash: Buffer; leaves: number }[] = []

  add(leafHash: Buffer): void {
    let peak = { hash: leafHash, leaves: 1 }
    while (this.peaks.at(-1)?.leaves === peak.leaves) peak = joined(this.peaks.pop()!, peak)
    this.peaks.push(peak)
  }

  /** In hexadecimal; of no leaves it is the hash of nothing. */
  hex(): string {
    if (this.peaks.length === 0) return sha256(Buffer.alloc(0)).toString('hex')
    return this.peaks.reduceRight((right, left) => joined(left, right)).hash.toString('hex')
  }
}

type Peak = { hash: Buffer; leaves: number }

const joined = (left: Peak, right: Peak): Peak => ({
  hash: sha256(Buffer.concat([Buffer.from([1]), left.hash, right.hash])),
  leaves: left.leaves + right.leaves,
})
