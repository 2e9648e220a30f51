import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../server/src/platform/testing/index.ts'
import { api } from '@berth/contracts'
import { Mcpctl, signedIn, type List } from './support.ts'

let server: TestServer
let operator: TestPerson
let cli: Mcpctl

beforeAll(async () => {
  server = await startTestServer()
  operator = await signUp(server)
  cli = new Mcpctl(server.url)
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

describe('for the whole installation, an operator', () => {
  let operators: Mcpctl
  let owners: Mcpctl
  beforeAll(async () => {
    const owner = await signUp(server, { name: 'Oscar Owner' })
    await owner.client.call(api.organizations.create, { body: { name: 'Acme' } })
    operators = await signedIn(server.url, operator)
    owners = await signedIn(server.url, owner)
  })
  afterAll(async () => {
    await operators.close()
    await owners.close()
  })

  it('lists organizations, shows one, suspends and resumes it', async () => {
    const { items } = await operators.json<List<{ slug: string }>>(
      'admin',
      'organizations',
      'list',
      '--search',
      'acm',
    )
    expect(items).toMatchObject([{ slug: 'acme', members: 1 }])
    expect(await operators.text('admin', 'organizations', 'show', 'acme')).toMatch(/owners +Oscar Owner </)
    expect((await operators.run(['admin', 'organizations', 'suspend', 'acme'])).code).toBe(2)
    const suspended = await operators.text('admin', 'organizations', 'suspend', 'acme', '--reason', 'Unpaid')
    expect(suspended).toMatch(/state +‖ suspended\nreason +Unpaid/)
    const refused = await owners.run(['workspaces', 'create', 'New'])
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('suspended')])
    expect(await operators.text('admin', 'organizations', 'resume', 'acme')).toMatch(/state +● active/)
    await owners.text('workspaces', 'create', 'New')
    expect((await owners.run(['admin', 'organizations', 'list'])).stderr).toContain('Only an operator')
  })

  it('sees the runners and how every part does; the exit status says whether one is down', async () => {
    expect(await operators.text('admin', 'runners')).toMatch(/● alive +\S+ +api, gateway, runner, worker/)
    const { code, stdout } = await operators.run(['--json', 'admin', 'health'])
    const health = JSON.parse(stdout) as { state: string; parts: { part: string }[] }
    expect(health.parts.map(({ part }) => part)).toEqual(
      expect.arrayContaining(['database', 'runners', 'disk']),
    )
    expect(code).toBe(health.state === 'down' ? 1 : 0)
    expect((await operators.run(['admin', 'health'])).stdout).toMatch(
      /database +✔ ok +The database answers\. +.*MiB/,
    )
  })
})

describe('limits', () => {
  it('says what everybody may ask for', async () => {
    const person = await signedIn(server.url, await signUp(server))
    try {
      const { stdout, stderr } = await person.run(['limits'])
      expect(stdout).toMatch(/mcp\.body +4 MiB/)
      expect(stderr).toContain('not limited here')
      expect(await person.json('limits')).toMatchObject({ requests: null })
    } finally {
      await person.close()
    }
  })
})

// Last: it changes the operator's password.
describe('admin recover', () => {
  it("passes through what the server's own recover says, and its failure as 1", async () => {
    const env = { DATABASE_URL: server.database.url }
    const done = await cli.run(['admin', 'recover', '--data-dir', server.dataDir], { env })
    expect(done).toMatchObject({ code: 0 })
    expect(done.stdout).toContain(operator.email)
    const failed = await cli.run(['admin', 'recover', '--data-dir', server.dataDir], {
      env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' },
    })
    expect(failed.code).toBe(1)
    expect(failed.stderr).not.toMatch(/^\s+at /m)
  })
})
