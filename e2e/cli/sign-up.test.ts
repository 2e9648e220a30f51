import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Me, Onboarding, Subscription } from '@berth/contracts'
import { openMailbox, type Mailbox } from '../../server/src/notifications/testing/mailbox.ts'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import { Mcpctl, type Result } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

const clis: Mcpctl[] = []
let server: TestServer
let mailing: TestServer
let mailbox: Mailbox

beforeAll(async () => {
  mailbox = await openMailbox()
  server = await startTestServer()
  mailing = await startTestServer({ env: mailbox.env })
  await signUp(server)
  await signUp(mailing)
})

afterAll(async () => {
  for (const cli of clis) await cli.close()
  await server.close()
  await mailing.close()
  await mailbox.close()
})

function newCli(at = server): Mcpctl {
  const cli = new Mcpctl(at.url)
  clis.push(cli)
  return cli
}

const password = 'a fine new password'

function signup(cli: Mcpctl, ...more: string[]): Promise<Result> {
  return cli.run(['signup', '--name', 'Ada Lovelace', '--password-stdin', ...more], {
    stdin: `${password}\n`,
  })
}

describe('signup', () => {
  it('makes an account and an organization on a plan, and remembers both', async () => {
    const cli = newCli()
    const plan = ['--plan', 'team', '--trial']
    const more = ['--email', 'ada@example.com', '--organization', 'Analytical Engines', ...plan]
    const done = await signup(cli, ...more)
    expect([done.code, done.stdout]).toEqual([0, ''])
    expect(done.stderr).toContain('Made the account ada@example.com')
    expect(done.stderr).toContain('mcpctl quickstart --org analytical-engines')
    const me = await cli.json<Me>('whoami')
    expect(me.organizations).toMatchObject([{ slug: 'analytical-engines', role: 'owner' }])
    const subscription = await cli.json<Subscription>('billing', 'subscription')
    expect(subscription).toMatchObject({ plan: { plan: 'team' }, state: 'trialing' })
  })

  it('says plainly with --json what came of it', async () => {
    const done = await signup(newCli(), '--email', 'grace@example.com', '--json')
    expect(JSON.parse(done.stdout)).toMatchObject({ signedIn: true, user: { email: 'grace@example.com' } })
  })

  it('names what is not right: the field, the option, the plan', async () => {
    const cli = newCli()
    const short = await cli.run(['signup', '--name', ' ', '--email', 'nowhere', '--password-stdin'], {
      stdin: 'short\n',
    })
    expect(short.code).toBe(1)
    expect(short.stderr).toContain('name: must not be empty')
    expect(short.stderr).toContain('email: this is not an e-mail address')
    expect(short.stderr).toContain('password: use at least 12 characters')
    const taken = await signup(cli, '--email', 'ada@example.com')
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining('already: sign in')])
    const alone = await signup(cli, '--email', 'a@example.com', '--plan', 'team')
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--plan needs --organization')])
    const silent = await cli.run(['signup', '--email', 'a@example.com'])
    expect([silent.code, silent.stderr]).toEqual([2, expect.stringContaining('--name')])
    expect((await cli.run(['whoami'])).code, 'nobody was signed in').toBe(3)
    const more = ['--email', 'emmy@example.com', '--organization', 'Rings', '--plan', 'golden']
    const unknown = await signup(cli, ...more)
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain('There is no plan "golden"; there are free, team, business.')
    expect((await cli.json<Me>('whoami')).organizations).toEqual([])
  })

  it('sends a letter where e-mail is sent, and reads the same for an address that has an account', async () => {
    const cli = newCli(mailing)
    const email = 'ada@example.com'
    const wish = ['--organization', 'Engines', '--plan', 'team', '--trial']
    const first = await signup(cli, '--email', email, ...wish)
    expect(first.code).toBe(0)
    expect(first.stderr).toContain(`A letter is on its way to ${email}.`)
    expect(first.stderr).toContain(`mcpctl login --email ${email}`)
    expect(first.stderr).toContain('mcpctl billing change team --trial')
    expect(await signup(cli, '--email', email, ...wish)).toEqual(first)
    const login = ['login', '--email', email, '--password-stdin']
    const before = await linkTo(email)
    const early = await cli.run(login, { stdin: `${password}\n` })
    expect([early.code, early.stderr]).toEqual([3, expect.stringContaining('not confirmed yet')])
    expect(await cli.json('account', 'resend-confirmation', email)).toEqual({ sendsMail: true })
    const link = await linkTo(email, before)
    const confirmed = await cli.run(['--json', 'account', 'confirm-email', '--password-stdin'], {
      stdin: `${link}\n${password}\n`,
    })
    expect(JSON.parse(confirmed.stdout)).toEqual({ email })
    expect((await cli.run(login, { stdin: `${password}\n` })).code).toBe(0)
    expect(await cli.json('orgs', 'create', 'Engines')).toMatchObject({ slug: 'engines' })
  })
})

async function linkTo(email: string, after?: string): Promise<string> {
  return eventually(`a link to ${email}`, async () => {
    const token = mailbox.tokenFor(email, '/confirm-email')
    const link = token && `${mailing.url}/confirm-email#token=${token}`
    return link === after ? null : link
  })
}

describe('onboarding', () => {
  it('shows how far one is, what comes next, and leaves out what one says', async () => {
    const cli = newCli()
    await signup(cli, '--email', 'lise@example.com')
    const nowhere = await cli.run(['onboarding', 'status'])
    expect(nowhere.stderr).toContain('mcpctl orgs create <name>')
    await cli.text('orgs', 'create', 'Fission')
    expect((await cli.run(['onboarding', 'status'])).stderr).toContain('mcpctl onboarding skip plan')
    const statesOf = ({ steps }: Onboarding) => steps.map(({ state }) => state)
    expect(statesOf(await cli.json('onboarding', 'status'))).toEqual(['done', 'done', 'next', 'open', 'open'])
    expect(statesOf(await cli.json('onboarding', 'skip', 'plan'))).toEqual([
      'done',
      'done',
      'skipped',
      'next',
      'open',
    ])
    const wrong = await cli.run(['onboarding', 'skip', 'account'])
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('plan, invite, server')])
  })
})
