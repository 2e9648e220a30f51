import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const mcpctl = resolve(import.meta.dirname, '../mcpctl')

test('./mcpctl runs from any folder and through links, and passes arguments and exit codes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth mcpctl '))
  try {
    symlinkSync(mcpctl, join(folder, 'one'))
    symlinkSync('one', join(folder, 'two'))
    const { stdout } = await run(join(folder, 'two'), ['--version'], { cwd: '/' })
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    await expect(run(join(folder, 'two'), ['no such command'])).rejects.toMatchObject({ code: 2 })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
