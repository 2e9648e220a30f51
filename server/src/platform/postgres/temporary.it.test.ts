import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { readlinkSync } from 'node:fs'
import pg from 'pg'
import { expect, test } from 'vitest'
import { startTemporaryPostgres } from './temporary.ts'

/** The folder that holds everything of a temporary PostgreSQL: it works in `<folder>/home/data`. */
function folderOf(pid: number): string {
  return dirname(dirname(readlinkSync(`/proc/${pid}/cwd`)))
}

test('it answers, may clone databases, and is gone without trace when stopped', async () => {
  const postgres = await startTemporaryPostgres()
  const folder = folderOf(postgres.pid)
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query('CREATE DATABASE template')
  await client.query('CREATE DATABASE clone TEMPLATE template')
  await client.end()
  await postgres.stop()
  expect(existsSync(folder)).toBe(false)
  expect(existsSync(`/proc/${postgres.pid}`)).toBe(false)
})

test('it is gone without trace when the process that started it is killed', async () => {
  const module = new URL('temporary.ts', import.meta.url).href
  const script = `
    import { startTemporaryPostgres } from ${JSON.stringify(module)}
    console.log((await startTemporaryPostgres()).pid)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const folder = folderOf(Number(line.toString()))
  expect(existsSync(folder)).toBe(true)
  child.kill('SIGKILL')
  await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false)
})
