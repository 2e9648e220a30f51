import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimDataDirectory } from './claim.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-claim-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

test('a claim excludes others until it is given up', () => {
  const release = claimDataDirectory(directory)
  expect(() => claimDataDirectory(directory)).toThrow(`Another Berth (process ${process.pid}) already uses`)
  release()
  claimDataDirectory(directory)()
})

test('a claim of another process excludes us, and ends with that process even when it is killed', async () => {
  const module = new URL('claim.ts', import.meta.url).href
  const script = `
    import { claimDataDirectory } from ${JSON.stringify(module)}
    claimDataDirectory(${JSON.stringify(directory)})
    console.log('claimed')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  expect(() => claimDataDirectory(directory)).toThrow(`Another Berth (process ${child.pid}) already uses`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  claimDataDirectory(directory)()
})
