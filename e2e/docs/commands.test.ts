/** Every command of the documentation, run as it stands against a real Berth, page by page. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '@berth/server/platform/testing/index.ts'
import { startBerthProcess, type BerthProcess } from '../support/berth-process.ts'
import { blocks, type Block } from './blocks.ts'

const run = promisify(execFile)
const checkout = path.resolve(import.meta.dirname, '../..')
const all = blocks()
const commands = all.filter((block) => block.language === 'sh')
const runnable = commands.filter((block) => block.skip === null)

let root: string
let database: TestDatabase
let berth: BerthProcess
let env: NodeJS.ProcessEnv
/** Signs in once more as the operator of the quickstart; not for every page, since tries are counted. */
let signIn: string
/** The home of the quickstart. */
let first: string

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'berth-docs-'))
  database = await createTestDatabase()
  berth = startBerthProcess({ databaseUrl: database.url, dataDir: path.join(root, 'data') })
  env = {
    ...process.env, // npm's registry and proxy may be in it
    PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`,
    BERTH_URL: await berth.url,
    NO_COLOR: '1',
    XDG_CONFIG_HOME: undefined,
    BERTH_TOKEN: undefined,
  }
  first = await folderFor('start')
  const { stderr } = await run('./mcpctl', ['quickstart'], { cwd: first, env: { ...env, HOME: first } })
  const [, email, password] = /e-mail +(\S+)\s+password +(\S+)/.exec(stderr) ?? []
  signIn = `printf %s '${password}' | ./mcpctl login --email ${email} --password-stdin
./mcpctl orgs use quickstart
./mcpctl workspaces use quickstart
`
}, 240_000)

afterAll(async () => {
  await berth?.stop()
  await database?.drop()
  await rm(root, { recursive: true, force: true })
})

/** A folder that looks to commands like a checkout, and is a home, too. */
async function folderFor(name: string): Promise<string> {
  const folder = path.join(root, name.replaceAll('/', '-'))
  await mkdir(folder)
  await symlink(path.join(checkout, 'node_modules'), path.join(folder, 'node_modules'))
  // Not the checkout's own: that one looks after the dependencies first, which a test must never do.
  const main = path.join(checkout, 'cli/src/main.ts')
  await writeFile(path.join(folder, 'mcpctl'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, {
    mode: 0o755,
  })
  return folder
}

/** One shell for a page: later blocks use what earlier ones have set and made. */
function scriptOf(page: Block[]): string {
  const parts = page.map(({ text, exit }) => {
    const own = text.replaceAll('http://127.0.0.1:7070', env['BERTH_URL']!)
    const said = `printf '%s\\n' ${quoted(`--- ${text.split('\n')[0]}`)} >&2\n`
    if (exit === '0') return said + own
    return `${said}set +e\n(set -e\n${own})\ncode=$?\nset -e\ncase "$code" in ${exit}) ;; *) exit 1 ;; esac\n`
  })
  const leaves = page.some(({ text }) => text.includes('mcpctl logout'))
  return `set -e\n${leaves ? signIn : `cp -r ${quoted(first)}/.config .\n`}${parts.join('\n')}`
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const pages = Map.groupBy(runnable, ({ page }) => page)

test.each([...pages])('the commands of %s work', { timeout: 240_000 }, async (page, own) => {
  const cwd = await folderFor(page)
  const options = { cwd, env: { ...env, HOME: cwd }, timeout: 220_000 }
  const outcome = await run('sh', ['-c', scriptOf(own)], options).then(
    () => 'done',
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) =>
      `exit status ${code}\n${stderr.slice(-3000)}\n${stdout.slice(-1000)}`,
  )
  expect(outcome).toBe('done')
})

describe('blocks', () => {
  test('that are not run say why', () => {
    for (const { page, skip } of commands.filter((block) => block.skip !== null)) {
      expect([page, skip]).toEqual([page, expect.stringMatching(/\w+ \w+/)])
    }
    expect(runnable.length).toBeGreaterThan(commands.length / 2)
  })

  test('of JSON are JSON', () => {
    const json = all.filter((block) => block.language === 'json')
    expect(json.length).toBeGreaterThan(0)
    for (const { page, text } of json) expect(() => JSON.parse(text) as unknown, page).not.toThrow()
  })

  test('name a language that says what they are', () => {
    const known = new Set([
      'sh',
      'json',
      'text',
      'ts',
      'yaml',
      'ini',
      'nginx',
      'sql',
      'caddy',
      'caddyfile',
      'dockerfile',
    ])
    const unknown = all.filter(({ language }) => !known.has(language))
    expect(unknown.map(({ page, language }) => `${page}: ${language}`)).toEqual([])
  })
})
