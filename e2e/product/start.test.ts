import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '@berth/server/platform/testing/index.ts'

const main = path.resolve(import.meta.dirname, '../../server/src/main.ts')
let database: TestDatabase
let dataDir: string

beforeAll(async () => {
  database = await createTestDatabase()
  dataDir = await mkdtemp(path.join(tmpdir(), 'berth-start-'))
})

afterAll(async () => {
  await database.drop()
  await rm(dataDir, { recursive: true, force: true })
})

async function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [main, 'start'], {
    env: { PATH: process.env['PATH'], DATABASE_URL: database.url, BERTH_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [code, stdout, stderr] = await Promise.all([
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, stdout, stderr }
}

test('a port that is taken ends the start with one sentence and nothing else', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const { code, stdout, stderr } = await start({ BERTH_PORT: String(port) })
  other.close()
  expect(code).toBe(1)
  expect(stderr.trim()).toBe(
    `Port ${port} of 127.0.0.1 is taken by another program. Stop that, or choose another with BERTH_PORT.`,
  )
  expect(stdout).not.toContain('"level":40')
})

test('every fault of the settings is named at once', async () => {
  const { code, stderr } = await start({
    BERTH_PORT: 'seventy',
    BERTH_PUBLIC_URL: 'ftp://berth',
    BERTH_SECRET_KEY: 'short',
    BERTH_TRUST_PROXY: 'perhaps',
    DATABASE_URL: 'mysql://nowhere',
  })
  expect(code).toBe(1)
  for (const name of [
    'BERTH_PORT',
    'BERTH_PUBLIC_URL',
    'BERTH_SECRET_KEY',
    'BERTH_TRUST_PROXY',
    'DATABASE_URL',
  ]) {
    expect(stderr).toContain(name)
  }
  expect(stderr).not.toContain('    at ')
})

test('a signal in the middle of the start leaves nothing running', async () => {
  for (const pause of [300, 900, 1800]) {
    const child = spawn(process.execPath, [main, 'start'], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: database.url,
        BERTH_DATA_DIR: dataDir,
        BERTH_PORT: '0',
      },
      stdio: 'ignore',
    })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    await sleep(pause)
    child.kill('SIGTERM')
    expect([0, null]).toContain(await ended)
  }
})
