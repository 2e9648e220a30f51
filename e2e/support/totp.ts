import { createHmac } from 'node:crypto'

/** An authenticator app: the code of a base32 secret, `ahead` half minutes from now. Written apart from the server's. */
export function codeOf(secret: string, ahead = 0, now = Date.now()): string {
  const counter = Buffer.alloc(8)
  counter.writeUInt32BE(Math.floor(now / 30_000) + ahead, 4)
  const mac = createHmac('sha1', decoded(secret)).update(counter).digest()
  const at = mac.at(-1)! % 16
  return String((mac.readUInt32BE(at) % 0x80000000) % 1_000_000).padStart(6, '0')
}

function decoded(base32: string): Buffer {
  const bits = base32
    .split('')
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
