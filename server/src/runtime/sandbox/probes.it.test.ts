/** Each probe first succeeds outside, by the same script, and then fails inside. */
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  fixtures,
  hostCapabilities,
  limits,
  openBench,
  probeInside,
  withoutCgroups,
  type ProbeResult,
} from '../process/test-support.ts'
import { findProgram } from './host-files.ts'

vi.setConfig({ testTimeout: 30_000 })

const isRoot = process.getuid?.() === 0
const secret = 'the neighbour keeps this'
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-probe-'))
  writeFileSync(join(folder, 'secret.txt'), secret)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function probeOutside(name: string, args: unknown[] = []): Promise<ProbeResult> {
  const command = [join(fixtures, 'probe.mjs'), name, JSON.stringify(args)]
  const { stdout } = await promisify(execFile)(process.execPath, command)
  return JSON.parse(stdout).params as ProbeResult
}

/** The whole point: what works outside fails inside. Returns why it failed. */
async function mustBeHeld(name: string, args: unknown[], insideArgs = args): Promise<string> {
  const outside = await probeOutside(name, args)
  expect(outside, 'the probe itself must work').toMatchObject({ ok: true })
  const inside = await probeInside(await openBench(), name, insideArgs)
  expect(inside, 'the sandbox must hold it').toMatchObject({ ok: false })
  return inside.why ?? ''
}

it('has a sandbox on this machine: without bubblewrap these tests fail, they are never skipped', async () => {
  const { bubblewrap, findings } = await hostCapabilities()
  expect(bubblewrap, JSON.stringify(findings, null, 1)).not.toBeNull()
})

describe('files', () => {
  it('hides the files of the host, by path and through a link', async () => {
    const path = join(folder, 'secret.txt')
    expect(await mustBeHeld('readFile', [path])).toMatch('ENOENT')
    expect(await mustBeHeld('readThroughLink', [join(folder, 'link'), path], ['/data/link', path])).toMatch(
      'ENOENT',
    )
    expect(await mustBeHeld('listFolder', [import.meta.dirname])).toMatch('ENOENT')
  })

  it.each(['/', '/app', '/usr', '/usr/bin', '/etc', '/dev', '/run', '/proc', '/proc/self', '/lib64'])(
    'refuses to write to %s',
    async (place) => {
      const why = await mustBeHeld('writeFile', [join(folder, 'new')], [join(place, 'new')])
      expect(why).toMatch(/EROFS|ENOENT|EACCES|EPERM/)
    },
  )

  it('refuses kernel settings, which the uid of root could write', async () => {
    const setting = ['/proc/sys/vm/overcommit_ratio']
    // Only root can show that the probe itself works.
    if (isRoot) expect(await mustBeHeld('rewriteFile', setting)).toMatch(/EROFS/)
    else expect(await probeInside(await openBench(), 'rewriteFile', setting)).toMatchObject({ ok: false })
  })

  it.each(['/tmp', '/dev/shm'])('bounds %s', async (place) => {
    expect(await mustBeHeld('fillFile', [join(folder, 'big'), 32], [join(place, 'big'), 32])).toMatch(
      'ENOSPC',
    )
  })

  it('keeps /data for the server, and for this server only', async () => {
    const bench = await openBench()
    expect(await probeInside(bench, 'fillFile', ['/data/own', 1])).toMatchObject({ ok: true })
    const other = join(bench.root, 'other', 'state.txt')
    expect(await probeInside(bench, 'readFile', [other])).toMatchObject({ ok: false })
  })
})

describe('processes', () => {
  it("hides the control plane's environment, also that of the sandbox's first process", async () => {
    const entries = readFileSync('/proc/self/environ', 'latin1').split('\0')
    const longest = entries.reduce((one, other) => (other.length > one.length ? other : one))
    await mustBeHeld('findInEnvironments', [longest])
    const { value } = await probeInside(await openBench(), 'facts')
    expect(value).toMatchObject({ environ1: 'PWD=/\0' })
  })

  it('cannot see or signal any process of the host', async () => {
    expect(await mustBeHeld('signal', [process.pid])).toMatch('ESRCH')
    const { value } = await probeInside(await openBench(), 'facts')
    expect(value).toMatchObject({ pids: ['1', '2'], uid: 10001 })
  })

  it('runs without capabilities, without a way to new privileges, under the filter', async () => {
    const { value } = await probeInside(await openBench(), 'facts')
    const { status } = value as { status: Record<string, string> }
    expect(status).toMatchObject({
      NoNewPrivs: '1',
      Seccomp: '2',
      CapEff: '0000000000000000',
      CapBnd: '0000000000000000',
    })
  })

  it.each([
    ['by both', true, true],
    ['by bubblewrap alone', false, true],
    ['by the filter alone', true, false],
  ])('refuses nested namespaces, %s', async (_how, seccomp, disableUserns) => {
    const host = await hostCapabilities()
    const bench = await openBench({
      capabilities: {
        ...host,
        seccomp,
        bubblewrap: host.bubblewrap && { ...host.bubblewrap, disableUserns },
      },
    })
    const unshare = findProgram('unshare')!
    expect(await probeOutside('run', [unshare, '--user', process.execPath, '-v'])).toMatchObject({ ok: true })
    const mounts = [
      { source: fixtures, target: '/app' },
      { source: unshare, target: '/tools/unshare' },
    ]
    const args = ['/tools/unshare', '--user', '/usr/bin/node', '-v']
    const inside = await probeInside(bench, 'run', args, { mounts })
    expect(inside).toMatchObject({ ok: false, why: expect.stringContaining('unshare failed') })
    const plain = await probeInside(bench, 'run', ['/usr/bin/node', '-v'], { mounts })
    expect(plain).toMatchObject({ ok: true, value: process.version })
  })

  it('stops a fork bomb', async () => {
    const sleep = findProgram('sleep')!
    expect(await probeOutside('forkBomb', [sleep, 120])).toMatchObject({ ok: true })
    const mounts = [
      { source: fixtures, target: '/app' },
      { source: sleep, target: '/tools/sleep' },
    ]
    const inside = await probeInside(await openBench(), 'forkBomb', ['/tools/sleep', 120], { mounts })
    expect(inside).toMatchObject({ ok: false, why: expect.stringMatching(/only \d\d of 120|EAGAIN/) })
  })
})

describe('memory', () => {
  const hungry = { ...limits, memoryMb: 128 }

  it('ends a memory hog and names it', async () => {
    expect(await probeOutside('hogMemory', [400])).toMatchObject({ ok: true })
    const bench = await openBench()
    const inside = await probeInside(bench, 'hogMemory', [400], { limits: hungry })
    expect(inside).toMatchObject({ ok: false })
    const { memory } = (await hostCapabilities()).cgroups.v1
    if (memory) expect(inside.exit).toMatchObject({ oom: true, reason: 'ran out of memory (limit 128 MB)' })
  })

  it('holds it with prlimit where no control group is writable', async () => {
    const bench = await openBench({ capabilities: await withoutCgroups() })
    const inside = await probeInside(bench, 'hogMemory', [400], { limits: hungry })
    expect(inside).toMatchObject({ ok: false })
    expect(await probeInside(bench, 'hogMemory', [64], { limits: hungry })).toMatchObject({ ok: true })
  })
})

describe('network', () => {
  it("cannot reach the host's loopback services or its abstract sockets, and has no interface but its own loopback", async () => {
    for (const listen of [{ host: '127.0.0.1', port: 0 }, { path: `\0berth-probe-${process.pid}` }]) {
      const server = createServer((socket) => socket.destroy())
      await new Promise<void>((resolve) => server.listen(listen, resolve))
      const address = server.address()
      const target = typeof address === 'object' ? { host: '127.0.0.1', port: address!.port } : listen
      expect(await mustBeHeld('connect', [target])).toMatch('ECONNREFUSED')
      server.close()
    }
    const { value } = await probeInside(await openBench(), 'facts')
    expect(value).toMatchObject({ interfaces: ['lo'] })
  })

  it('cannot ask a name server', async () => {
    const server = createSocket('udp4', (query, from) =>
      server.send(dnsAnswer(query), from.port, from.address),
    )
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
    const address = `127.0.0.1:${server.address().port}`
    expect(await probeOutside('resolve', [address, 'name.example'])).toMatchObject({
      ok: true,
      value: ['192.0.2.7'],
    })
    expect(await mustBeHeld('resolve', [address, 'name.example'])).toMatch(/ECONNREFUSED|ETIMEOUT/)
    server.close()
  })

  it('cannot reach any address of the outside', async () => {
    const { ok, why } = await probeInside(await openBench(), 'connect', [{ host: '192.0.2.1', port: 80 }])
    expect({ ok, why }).toMatchObject({ ok: false, why: expect.stringContaining('ENETUNREACH') })
  })
})

/** Answers any question with 192.0.2.7. */
function dnsAnswer(query: Buffer): Buffer {
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8180, 2)
  header.writeUInt16BE(1, 6)
  header.writeUInt16BE(0, 10)
  const question = query.subarray(12, query.indexOf(0, 12) + 5)
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7])
  return Buffer.concat([header, question, answer])
}
