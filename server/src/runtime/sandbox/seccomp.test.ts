import { describe, expect, it } from 'vitest'
import { seccompFilter } from './seccomp.ts'
import { denied, restricted } from './syscalls.ts'

const archs = [
  ['x64', 0xc000003e, 0],
  ['arm64', 0xc00000b7, 1],
] as const

const ALLOW = 0x7fff0000
const KILL = 0x80000000
const errno = (code: number) => 0x00050000 | code

/** Runs a filter the way the kernel does, on one system call. */
function judge(filter: Buffer, arch: number, nr: number, args: number[] = []): number {
  const data = Buffer.alloc(64)
  data.writeUInt32LE(nr, 0)
  data.writeUInt32LE(arch, 4)
  args.forEach((value, index) => data.writeUInt32LE(value, 16 + 8 * index))
  let loaded = 0
  for (let at = 0; ; at += 1) {
    const code = filter.readUInt16LE(at * 8)
    const value = filter.readUInt32LE(at * 8 + 4)
    if (code === 0x06) return value
    if (code === 0x20) {
      loaded = data.readUInt32LE(value)
      continue
    }
    const holds = { 0x15: loaded === value, 0x35: loaded >= value, 0x45: (loaded & value) !== 0 }[code]
    if (holds === undefined) throw new Error(`unknown instruction ${code}`)
    at += filter.readUInt8(at * 8 + (holds ? 2 : 3))
  }
}

describe.each(archs)('the filter for %s', (name, arch, column) => {
  const filter = seccompFilter(name)!
  const run = (nr: number, args: number[] = []) => judge(filter, arch, nr, args)

  it('refuses every listed call', () => {
    const calls = Object.entries(denied).filter(([, row]) => row[column] !== -1)
    expect(calls.filter(([, row]) => run(row[column]) !== errno(1))).toEqual([])
  })

  it('lets what it does not list through', () => {
    const listed = new Set([...Object.values(denied), ...Object.values(restricted)].map((row) => row[column]))
    const others = Array.from({ length: 460 }, (_, nr) => nr).filter((nr) => !listed.has(nr))
    expect(others.filter((nr) => run(nr) !== ALLOW)).toEqual([])
  })

  it('lets clone make threads and processes, but no namespace, and hides clone3', () => {
    const clone = restricted.clone[column]
    expect(run(clone, [0x003d0f00])).toBe(ALLOW)
    expect(run(clone, [17])).toBe(ALLOW)
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
      expect(run(clone, [flag | 17]), flag.toString(16)).toBe(errno(1))
    }
    expect(run(restricted.clone3[column])).toBe(errno(38))
  })

  it('lets ordinary sockets through and no other family', () => {
    const socket = restricted.socket[column]
    for (const family of [1, 2, 10, 16]) expect(run(socket, [family]), String(family)).toBe(ALLOW)
    for (const family of [0, 3, 15, 17, 31, 38, 40, 44])
      expect(run(socket, [family]), String(family)).toBe(errno(97))
  })

  it('keeps terminals from being fed', () => {
    const ioctl = restricted.ioctl[column]
    expect(run(ioctl, [0, 0x5412])).toBe(errno(1))
    expect(run(ioctl, [0, 0x541c])).toBe(errno(1))
    expect(run(ioctl, [0, 0x5413])).toBe(ALLOW)
  })

  it('kills programs of another processor', () => {
    expect(judge(filter, 0x40000003, 0)).toBe(KILL)
  })
})

it('knows the second table of x86-64 and has no filter for unknown processors', () => {
  expect(judge(seccompFilter('x64')!, 0xc000003e, 0x40000000 + 165)).toBe(errno(38))
  expect(seccompFilter('riscv64')).toBeNull()
})
