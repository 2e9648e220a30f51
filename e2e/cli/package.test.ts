import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../server/src/platform/testing/index.ts'

const run = promisify(execFile)
const cli = path.join(import.meta.dirname, '../../cli')

let server: TestServer
let person: TestPerson
let folder: string
let installed: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcpctl-package-'))
  server = await startTestServer()
  person = await signUp(server)
  const built = path.join(folder, 'built')
  await run(process.execPath, [path.join(cli, 'build.ts'), built])
  await run('npm', ['pack', '--pack-destination', folder], { cwd: built })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  await run('npm', [
    'install',
    '--offline',
    '--no-audit',
    '--no-fund',
    '--prefix',
    folder,
    path.join(folder, tarball!),
  ])
  installed = path.join(folder, 'node_modules/.bin/mcpctl')
})

afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The machine's own programs, without the Node that the checkout brings along. */
const ownPath = process.env['PATH']!.split(path.delimiter)
  .filter((one) => !one.includes('node_modules'))
  .join(path.delimiter)

/** Runs the installed program on the machine's own Node. */
function mcpctl(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const env = {
    PATH: ownPath,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_CACHE_HOME: folder,
    BERTH_URL: server.url,
    BERTH_TOKEN: person.token,
  }
  return run(installed, args, { env, cwd: folder })
}

describe('the npm package', () => {
  it('is one JavaScript file that needs no other package, with its licences', () => {
    expect(readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'mcpctl',
    ])
    expect(readdirSync(path.join(folder, 'node_modules/mcpctl')).toSorted()).toEqual([
      'LICENSE',
      'LICENSES-OF-LIBRARIES.txt',
      'README.md',
      'mcpctl.js',
      'package.json',
    ])
  })

  it('tells its version and its help', async () => {
    expect((await mcpctl('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await mcpctl('--help')).stdout).toContain('mcpctl quickstart')
  })

  it('works with a real server, and fails in words', async () => {
    const created = JSON.parse((await mcpctl('--json', 'orgs', 'create', 'Acme')).stdout) as { slug: string }
    expect(created.slug).toBe('acme')
    expect((await mcpctl('orgs', 'list')).stdout).toContain('acme')
    await expect(mcpctl('orgs', 'show', 'nowhere')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: (?![^]*^\s+at )/m),
    })
    await expect(mcpctl('admin', 'recover')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Run this from the checkout'),
    })
  })
})
