import { chmodSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../server/src/platform/testing/index.ts'
import { freePort } from '../support/port.ts'
import { signedIn, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

interface Report {
  ok: boolean
  findings: { check: string; level: string; sentence: string; remedy?: string }[]
}

let server: TestServer
let operator: TestPerson
let cli: Mcpctl

beforeAll(async () => {
  server = await startTestServer()
  operator = await signUp(server)
  cli = await signedIn(server.url, operator)
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

/** Whether a machine has a sandbox or a registry differs; what was found must agree with the exit status. */
async function doctor(with_: Mcpctl, ...more: string[]) {
  const { code, stdout } = await with_.run(['--json', 'doctor', '--data-dir', server.dataDir, ...more])
  const report = JSON.parse(stdout) as Report
  expect(report.ok).toBe(report.findings.every((one) => one.level !== 'fault'))
  expect(code).toBe(report.ok ? 0 : 1)
  return Object.fromEntries(report.findings.map((one) => [one.check, one]))
}

describe('doctor', () => {
  it('asks the server, its runners and the machine', async () => {
    const found = await doctor(cli)
    for (const check of ['server', 'database', 'feed', 'clock', 'node', 'data', 'secret key', 'disk']) {
      expect(found[check], check).toMatchObject({ check, sentence: expect.stringMatching(/\.$/) })
    }
    for (const check of ['server', 'database', 'feed', 'clock', 'node', 'secret key']) {
      expect(found[check], check).toMatchObject({ level: 'ok' })
    }
    expect(Object.keys(found)).toEqual(
      expect.arrayContaining(['sandbox', 'memory', 'pids', 'cpu', 'npm registry']),
    )
  })

  it('finds a secret key that others can read, and names the command that mends it', async () => {
    const key = path.join(server.dataDir, 'secret.key')
    chmodSync(key, 0o644)
    const { code, stdout, stderr } = await cli.run(['doctor', '--data-dir', server.dataDir])
    chmodSync(key, 0o600)
    expect(code).toBe(1)
    expect(stdout).toMatch(/secret key +✖ fault/)
    expect(stderr).toContain(`chmod 600 ${key}`)
    expect(stderr).toMatch(/^Error: To be mended: .*secret key/m)
  })

  it('tells who is no operator that the runners were not asked', async () => {
    const other = await signedIn(server.url, await signUp(server))
    try {
      expect((await doctor(other))['runners']).toMatchObject({ level: 'weaker' })
    } finally {
      await other.close()
    }
  })

  it('says that nothing answers, and whether the port is free', async () => {
    const found = await doctor(cli, '--url', `http://127.0.0.1:${await freePort()}`)
    expect(found['server']).toMatchObject({ level: 'fault', remedy: expect.stringContaining('npm start') })
    expect(found['port']).toMatchObject({ level: 'ok' })
    expect(Object.keys(found)).toEqual(
      expect.arrayContaining(['sandbox', 'seccomp', 'memory', 'pids', 'cpu', 'disk', 'npm registry']),
    )
    expect(found['sandbox']!.sentence).toBe((await doctor(cli))['sandbox']!.sentence)
  })
})
