import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../server/src/platform/testing/index.ts'
import { freePort } from '../support/port.ts'
import { Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let server: TestServer
let person: TestPerson
const clis: Mcpctl[] = []

function newCli(url = server.url): Mcpctl {
  const cli = new Mcpctl(url)
  clis.push(cli)
  return cli
}

const signIn = (cli: Mcpctl, { email, password } = person) =>
  cli.run(['login', '--email', email, '--password-stdin'], { stdin: `${password}\n` })

beforeAll(async () => {
  server = await startTestServer()
  person = await signUp(server)
})

afterAll(async () => {
  for (const cli of clis) await cli.close()
  await server.close()
})

describe('login', () => {
  it('by e-mail and a password on stdin keeps the sign-in readable by its owner only', async () => {
    const cli = newCli()
    const { code, stdout, stderr } = await signIn(cli)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain(person.email)
    const file = path.join(cli.home, 'berth/credentials.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')).installations)).toEqual([server.url])
    const me = await cli.json<{ user: { email: string }; platformRoles: string[] }>('whoami')
    expect(me.user.email).toBe(person.email)
    expect(me.platformRoles).toContain('operator')
    expect(await cli.text('whoami')).toContain(person.email)
  })

  it('with a wrong password is 3 and remembers nothing', async () => {
    const cli = newCli()
    const { code, stderr } = await signIn(cli, { ...person, password: 'not the password' })
    expect(code).toBe(3)
    expect(stderr).toContain('password is wrong')
    expect((await cli.run(['whoami'])).code).toBe(3)
  })

  it('without a terminal and without --password-stdin is wrong usage, and never takes a password as argument', async () => {
    const cli = newCli()
    expect((await cli.run(['login', '--email', person.email])).code).toBe(2)
    expect((await cli.run(['login', '--email', person.email, '--password', 'x'])).code).toBe(2)
  })

  it('by device shows address and code, and waits for the confirmation', async () => {
    const cli = newCli()
    const watcher = cli.watch('login')
    await watcher.until(({ stderr }) => /confirm the code \S+/.test(stderr), 'the code')
    const userCode = /confirm the code (\S+)/.exec(watcher.stderr)![1]!
    expect(watcher.stderr).toContain(`${server.url}/device`)
    await decide('approve', userCode)
    await watcher.until(({ stderr }) => stderr.includes('Signed in'), 'the sign-in')
    const me = await cli.json<{ user: { email: string } }>('whoami')
    expect(me.user.email).toBe(person.email)
  })

  it('by device ends with 1 when it is denied', async () => {
    const cli = newCli()
    const watcher = cli.watch('login')
    await watcher.until(({ stderr }) => /confirm the code \S+/.test(stderr), 'the code')
    await decide('deny', /confirm the code (\S+)/.exec(watcher.stderr)![1]!)
    expect(await watcher.end()).toBe(1)
    expect(watcher.stderr).toContain('denied')
  })
})

/** What the console's page does: claims the code, then approves or denies it. */
async function decide(what: 'approve' | 'deny', userCode: string): Promise<void> {
  const headers = { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' }
  await fetch(`${server.url}/api/auth/device?user_code=${userCode}`, { headers })
  const response = await fetch(`${server.url}/api/auth/device/${what}`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ userCode }),
  })
  expect(response.status).toBe(200)
}

describe('logout', () => {
  it('ends the session at the server and forgets it', async () => {
    const cli = newCli()
    await signIn(cli)
    const file = path.join(cli.home, 'berth/credentials.json')
    const { token } = JSON.parse(readFileSync(file, 'utf8')).installations[server.url] as { token: string }
    await cli.text('whoami')
    expect(await cli.json('logout')).toEqual({ url: server.url, signedOut: true })
    expect((await cli.run(['whoami'])).code).toBe(3)
    expect((await cli.run(['whoami'], { env: { BERTH_TOKEN: token } })).code).toBe(3)
    expect((await cli.run(['logout'])).code).toBe(3)
  })
})

describe('a token', () => {
  it('comes from BERTH_TOKEN or a file, before the sign-in, and never from the command line', async () => {
    const cli = newCli()
    const file = path.join(cli.home, 'token')
    writeFileSync(file, `${person.token}\n`)
    expect((await cli.run(['whoami'], { env: { BERTH_TOKEN: person.token } })).code).toBe(0)
    expect((await cli.run(['whoami', '--token-file', file])).code).toBe(0)
    expect(
      (await cli.run(['whoami', '--token-file', file], { env: { BERTH_TOKEN: 'berth_pat_wrong' } })).code,
    ).toBe(0)
    expect((await cli.run(['whoami', '--token', person.token])).code).toBe(2)
    await signIn(cli)
    const { code, stderr } = await cli.run(['whoami'], { env: { BERTH_TOKEN: 'berth_pat_wrong' } })
    expect(code).toBe(3)
    expect(stderr).not.toContain('berth_pat_wrong')
    expect((await cli.run(['whoami', '--token-file', '/does/not/exist'])).code).toBe(2)
  })
})

describe('the exit status', () => {
  it('is 0 for help and version, on stdout', async () => {
    const cli = newCli()
    const help = await cli.run(['--help'])
    expect(help.code).toBe(0)
    expect(help.stdout).toContain('Exit status')
    expect(await cli.run(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
    expect((await cli.run(['deployments', 'launch', '--help'])).code).toBe(0)
  })

  it('is 2 for wrong usage', async () => {
    const cli = newCli()
    const wrong = [
      [],
      ['orgs'],
      ['nonsense'],
      ['orgs', 'lst'],
      ['whoami', '--nonsense'],
      ['whoami', 'extra'],
      ['orgs', 'create'],
      ['orgs', 'list', '--limit', '0'],
      ['tokens', 'create', 'x', '--scope', 'everything'],
      ['deployments', 'launch', 'everything'],
      ['completion', 'tcsh'],
      ['whoami', '--url', 'ftp://x'],
    ]
    for (const args of wrong) {
      const { code, stdout, stderr } = await cli.run(args)
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' })
      expect(stderr).not.toMatch(/^\s+at /m)
    }
  })

  it('is 3 where nobody is signed in, with the way in', async () => {
    const { code, stderr } = await newCli().run(['orgs', 'list'])
    expect(code).toBe(3)
    expect(stderr).toContain('mcpctl login')
  })

  it('is 4 where no Berth answers', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const { code, stderr } = await newCli(url).run(['orgs', 'list'])
    expect(code).toBe(4)
    expect(stderr).toContain(url)
    expect(
      (await newCli(`${server.url}/elsewhere`).run(['login', '--email', 'a@b.c', '--password-stdin'])).code,
    ).not.toBe(0)
  })

  it('is 1 for a refusal, told with sentence, fields, code and request id', async () => {
    const cli = newCli()
    await signIn(cli)
    const { code, stdout, stderr } = await cli.run(['orgs', 'create', 'x', '--slug', 'Not A Slug'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/slug/)
    expect(stderr).toMatch(/code: invalid_input, request: req_/)
    expect((await cli.run(['orgs', 'show', 'does-not-exist'])).code).toBe(1)
  })
})
