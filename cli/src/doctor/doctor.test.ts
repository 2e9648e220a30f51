import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { roomFinding } from '@berth/contracts'
import { checkBrowser, checkDataDirectory, checkNode, checkPort } from './machine.ts'
import { clockFinding } from './server.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpctl-doctor-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the data directory', () => {
  const levels = (given: string, key = false) =>
    Object.fromEntries(checkDataDirectory(given, key).map(({ check, level }) => [check, level]))

  it('is well when only its owner can write it and read the key', () => {
    const own = join(folder, 'own')
    mkdirSync(own, { mode: 0o700 })
    writeFileSync(join(own, 'secret.key'), 'x', { mode: 0o600 })
    expect(levels(own)).toMatchObject({ data: 'ok', 'secret key': 'ok' })
  })

  it('is at fault when others can, with the command that mends it', () => {
    const open = join(folder, 'open')
    mkdirSync(open)
    chmodSync(open, 0o777)
    writeFileSync(join(open, 'secret.key'), 'x')
    chmodSync(join(open, 'secret.key'), 0o644)
    expect(levels(open)).toMatchObject({ data: 'fault', 'secret key': 'fault' })
    const remedies = checkDataDirectory(open, false).map((one) => one.remedy)
    expect(remedies.slice(0, 2)).toEqual([`chmod go-w ${open}`, `chmod 600 ${join(open, 'secret.key')}`])
    expect(levels(open, true)).toMatchObject({ 'secret key': 'ok' })
  })

  it('may be missing before the first start', () => {
    expect(levels(join(folder, 'none', 'below'))).toMatchObject({ data: 'weaker', disk: expect.any(String) })
  })

  it.each([
    [0.5, 'down'],
    [3, 'degraded'],
    [50, 'ok'],
  ])('with %s GB left is %s', (gigabytes, state) => {
    expect(roomFinding('/x', gigabytes * 1024 ** 3).state).toBe(state)
  })
})

describe('the clock', () => {
  const at = Date.parse('2026-03-01T12:00:00Z')
  const headerAt = (ms: number) => new Date(at + ms).toUTCString()

  it.each([
    [0, 'ok'],
    [5000, 'ok'],
    [-5000, 'ok'],
    [60_000, 'fault'],
    [-60_000, 'fault'],
  ])('of a server %s ms off is %s', (ms, level) => {
    expect(clockFinding(headerAt(ms), at, at + 20).level).toBe(level)
  })

  it('says which is ahead, and a slow answer is no fault', () => {
    expect(clockFinding(headerAt(60_000), at, at).sentence).toContain('ahead')
    expect(clockFinding(headerAt(-60_000), at, at).sentence).toContain('behind')
    expect(clockFinding(headerAt(30_000), at, at + 60_000).level).toBe('ok')
    expect(clockFinding(null, at, at).level).toBe('weaker')
  })
})

it('tells a free port from a taken one', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  expect(await checkPort('127.0.0.1', port)).toMatchObject({
    level: 'fault',
    sentence: expect.stringContaining('holds'),
  })
  server.close()
  await once(server, 'close')
  expect(await checkPort('127.0.0.1', port)).toMatchObject({ level: 'ok' })
})

it('refuses an old Node, and speaks of a browser only where there is one', () => {
  expect(checkNode('18.20.0').level).toBe('fault')
  expect(checkNode('20.1.0').level).toBe('ok')
  expect(checkBrowser(folder)).toEqual([])
  writeFileSync(join(folder, 'chromium'), '')
  expect(checkBrowser(folder)).toMatchObject([{ check: 'browser', level: 'ok' }])
})
