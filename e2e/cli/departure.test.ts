/** Taking everything of an organization along, and closing it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { api, type Closing, type Organization } from '@berth/contracts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../server/src/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { fixtures, signedIn, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let server: TestServer
let cli: Mcpctl
let owner: TestPerson
let colleague: TestPerson
let organization: Organization
const secretValue = 'hunter2-is-nowhere-in-the-archive'
let tokenSecret: string

beforeAll(async () => {
  server = await startTestServer()
  owner = await signUp(server)
  colleague = await signUp(server)
  cli = await signedIn(server.url, owner)
  organization = await cli.json<Organization>('orgs', 'create', 'Acme')
  await cli.json('orgs', 'members', 'add', colleague.email, '--role', 'admin')
  await cli.json('workspaces', 'create', 'Desk', '--tier', 'community')
  await cli.run(['secrets', 'set', 'KEY'], { stdin: secretValue })
  await cli.run([
    'catalog',
    'add',
    '--local',
    fixtures,
    '--name',
    'echo',
    '--secret',
    'KEY',
    '--',
    'node',
    'echo.mjs',
  ])
  await cli.text('deployments', 'launch', 'local/echo', '--name', 'echo')
  await cli.text('deployments', 'call', 'echo', 'echo', 'message=hi')
  tokenSecret = (await cli.json<{ secret: string }>('tokens', 'create', 'agent', '--workspace', 'desk'))
    .secret
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

/** Rows of the database; `$1` is the organization. */
async function rowsOf<T extends object>(text: string): Promise<T[]> {
  const { rows } = await server.berth.platform.pool.query<T>(text, [organization.id])
  return rows
}

const inHome = (name: string) => path.join(cli.home, name)

/** Unpacks an archive; the names of its files, and what is in them. */
function unpack(archive: string, to: string): Map<string, string> {
  const folder = inHome(to)
  mkdirSync(folder)
  execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'])
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]))
}

const pack = (from: string, archive: string) =>
  execFileSync('tar', ['-czf', archive, '-C', cli.home, '--transform', `s,^${from},acme,`, from])

describe('orgs export', () => {
  it('saves everything that the database has, and nothing secret, and says what it verified', async () => {
    await eventually('the call is recorded', async () => {
      return (await rowsOf('select from calls where organization_id = $1')).length > 0 ? true : null
    })
    const archive = inHome('acme.tar.gz')
    const said = await cli.json<{ events: number; rows: number }>('orgs', 'export', '--output', archive)
    const files = unpack(archive, 'whole')
    const rowsIn = (name: string) => files.get(`${name}.jsonl`)!.split('\n').length - 1

    const count = async (table: string) =>
      (await rowsOf<object>(`select from ${table} where organization_id = $1`)).length
    for (const [name, table] of [
      ['members', 'members'],
      ['workspaces', 'workspaces'],
      ['secrets', 'secrets'],
      ['tokens', 'tokens'],
      ['deployments', 'deployments'],
      ['decisions', 'decisions'],
      ['runs', 'runs'],
      ['calls', 'calls'],
    ] as const) {
      expect([name, rowsIn(name)]).toEqual([name, await count(table)])
      expect([name, rowsIn(name) > 0]).toEqual([name, true])
    }
    expect(rowsIn('log')).toBe(said.events)
    const log = files.get('log.jsonl')!.trimEnd().split('\n')
    expect(JSON.parse(log.at(-1)!)).toMatchObject({ type: 'organization.exported' })

    const everything = [...files.values()].join('\n')
    expect(everything).not.toContain(secretValue)
    expect(everything).not.toContain(tokenSecret)
    const hashes = await rowsOf<{ hash: Buffer }>('select hash from tokens where organization_id = $1')
    for (const { hash } of hashes) {
      expect(everything).not.toContain(hash.toString('hex'))
      expect(everything).not.toContain(hash.toString('base64'))
    }
    const sealed = await rowsOf<{ sealed: Buffer }>('select sealed from secrets where organization_id = $1')
    expect(everything).not.toContain(sealed[0]!.sealed.toString('base64'))
    expect(files.get('README.md')).toContain('mcpctl orgs verify')
    expect(existsSync(`${archive}.part`)).toBe(false)
  })

  it('writes over nothing unless it is told to, and leaves nothing half behind', async () => {
    const file = inHome('precious')
    writeFileSync(file, 'mine')
    const refused = await cli.run(['orgs', 'export', '--output', file])
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect((await cli.run(['orgs', 'export', '--output', file, '--force'])).code).toBe(0)
    expect(readFileSync(file, 'utf8')).not.toBe('mine')
    const nowhere = await cli.run(['orgs', 'export', '--output', inHome('no/such/folder.tar.gz')])
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be written') })
  })
})

describe('orgs verify', () => {
  it('needs no server, and names what was changed in an archive', async () => {
    const archive = inHome('acme.tar.gz')
    const offline = { env: { BERTH_URL: 'http://127.0.0.1:1' } }
    expect((await cli.run(['orgs', 'verify', archive], offline)).code).toBe(0)

    const manifest = JSON.parse(readFileSync(inHome('whole/manifest.json'), 'utf8')) as {
      tables: { name: string; files: { name: string; sha256: string }[] }[]
    }
    const tamper = async (file: string, change: (text: string) => string, name: string) => {
      const copy = `tampered-${name}`
      execFileSync('cp', ['-r', inHome('whole'), inHome(copy)])
      const target = path.join(inHome(copy), file)
      writeFileSync(target, change(readFileSync(target, 'utf8')))
      pack(copy, inHome(`${copy}.tar.gz`))
      return (await cli.run(['orgs', 'verify', inHome(`${copy}.tar.gz`)], offline)).stderr
    }
    expect(await tamper('members.jsonl', (text) => text.replace('admin', 'owner'), 'members')).toContain(
      'members.jsonl was changed',
    )
    expect(
      await tamper('log.jsonl', (text) => text.replace(/"leaf":"..../, '"leaf":"AAAA'), 'leaf'),
    ).toContain('The log is broken at event 1')
    const cut = (text: string) => text.split('\n').toSpliced(2, 1).join('\n')
    expect(await tamper('log.jsonl', cut, 'gap')).toContain('The log is broken at event 4: it follows 2')
    const renamed = (text: string) => text.replace(/("value" ?: ?)"Acme"/, '$1"Ecma"')
    expect(await tamper('log.jsonl', renamed, 'opening')).toContain('is not what the log committed to')
    const whole = manifest.tables.find((table) => table.name === 'log')!
    expect(whole.files).toHaveLength(1)
    const half = inHome('half.tar.gz')
    writeFileSync(half, readFileSync(archive).subarray(0, 2000))
    expect((await cli.run(['orgs', 'verify', half], offline)).stderr).toContain('is no whole archive')
  })
})

describe('orgs close', () => {
  it('says what ends before it asks for the slug, and then ends it at once', async () => {
    const preview = await cli.json<Closing>('orgs', 'close', 'acme', '--preview')
    expect(preview).toMatchObject({
      slug: 'acme',
      deployments: { total: 1, running: 1 },
      tokens: { service: 1 },
      secrets: 1,
      members: { owners: 1, others: 1 },
    })
    expect(await cli.text('orgs', 'close', 'acme', '--preview')).toContain('1 secret is destroyed')
    expect((await cli.run(['orgs', 'close', 'acme'])).stderr).toContain('--confirm acme')
    expect((await cli.run(['orgs', 'close', 'acme', '--confirm', 'ecma'])).code).toBe(1)
    const admin = colleague.client.call(api.departure.close, {
      params: { organizationId: organization.id },
      body: { confirm: 'acme' },
    })
    await expect(admin).rejects.toMatchObject({ problem: { code: 'forbidden' } })

    const url = `${server.url}/mcp/acme/desk/echo`
    const knock = () =>
      fetch(url, { method: 'POST', headers: { authorization: `Bearer ${tokenSecret}` }, body: '{}' })
    expect((await knock()).status).not.toBe(401)
    const closed = await cli.json<Organization>(
      'orgs',
      'close',
      'acme',
      '--confirm',
      'acme',
      '--reason',
      'We moved',
    )
    expect(closed).toMatchObject({ state: 'closed', stateReason: 'We moved' })
    expect((await knock()).status).toBe(401)

    await eventually('nothing of it runs any more', async () => {
      const running = await rowsOf(`select from instances where organization_id = $1 and state <> 'gone'`)
      return running.length === 0 ? true : null
    })
    const left = await rowsOf(`
      select from secrets where organization_id = $1
      union all select from data_keys where organization_id = $1`)
    expect(left).toHaveLength(0)
  })

  it('leaves reading and exporting to its owners, and nothing to anybody else', async () => {
    expect(await cli.text('orgs', 'show', 'acme')).toContain('closed')
    const change = await cli.run(['workspaces', 'create', 'New', '--org', 'acme'])
    expect(change).toMatchObject({ code: 1, stderr: expect.stringContaining('closed') })
    const archive = inHome('closed.tar.gz')
    await cli.json('orgs', 'export', '--org', 'acme', '--output', archive)
    expect(unpack(archive, 'closed').get('log.jsonl')).toContain('organization.closed')
    const params = { organizationId: organization.id }
    await expect(colleague.client.call(api.organizations.get, { params })).rejects.toMatchObject({
      problem: { code: 'not_found' },
    })
    expect((await cli.run(['orgs', 'close', 'acme', '--confirm', 'acme'])).stderr).toContain('closed')
  })
})
