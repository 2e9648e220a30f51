import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { api, createClient, deploymentWord, type Client } from '@berth/contracts'
import { eventually } from '../support/eventually.ts'

/** The demo makes its folder in here, and every process of it has that in its command line or environment. */
const folder = mkdtempSync(path.join(tmpdir(), 'berth-demo-test-'))
const demo = spawn(
  process.execPath,
  [path.join(import.meta.dirname, '../../scripts/demo.ts'), '--local-only'],
  {
    env: {
      ...process.env,
      TMPDIR: folder,
      BERTH_PORT: '0',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  },
)
let output = ''
for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (chunk) => (output += chunk))
const exited = once(demo, 'exit') as Promise<[number | null]>

afterAll(async () => {
  demo.kill('SIGTERM')
  await exited
  rmSync(folder, { recursive: true, force: true })
})

test('the demo makes a world with every state in it', async () => {
  await eventually(
    'the world stands',
    async () => {
      if (demo.exitCode !== null) throw new Error(`the demo ended: ${output}`)
      return output.includes('The world stands.') || null
    },
    100_000,
  )
  const client = await signIn('amara@example.com')
  const me = await client.call(api.identity.me, {})
  const organizationId = me.organizations[0]!.id
  const { items } = await client.call(api.lifecycle.snapshot, { query: { organizationId, limit: 100 } })
  const words = Object.fromEntries(
    items.flatMap(({ deployments }) => deployments.map((one) => [one.name, deploymentWord(one)])),
  )
  expect(words).toEqual({
    'fx-rates': 'running',
    statements: 'running',
    'ticket-desk-trial': 'running',
    'ticket-desk': 'held',
    'card-network': 'failed',
    'card-simulator': 'stopped',
    digest: 'held',
  })
  const deployments = items.flatMap((one) => one.deployments)
  const named = (name: string) => deployments.find((one) => one.name === name)!
  expect(named('card-network').reason).toContain('CARD_NETWORK_MEMBER_ID is not set')
  expect(named('ticket-desk').holdNotes).toContain('capability:local:tier')
  expect(named('digest').holdNotes).toContain('trust:drift:1')
  const { differences } = await client.call(api.deployments.surface, {
    params: { organizationId, deploymentId: named('digest').id },
  })
  expect(differences).toMatchObject([{ name: 'summarize', fields: [{ path: '/description' }] }])
  expect(new Set(items.map(({ workspace }) => workspace.tier)).size).toBeGreaterThan(3)
  expect(new Set(items.map(({ workspace }) => workspace.region)).size).toBeGreaterThan(2)
})

test('people are there in all roles, and there is another organization', async () => {
  const client = await signIn('ines@example.com')
  const me = await client.call(api.identity.me, {})
  expect(me.platformRoles).toContain('operator')
  expect(me.organizations.map(({ name }) => name).sort()).toEqual(['Fjord Logistics', 'Meridian Bank'])
  const { id: organizationId } = me.organizations.find(({ name }) => name === 'Meridian Bank')!
  const { items } = await client.call(api.organizations.listMembers, {
    params: { organizationId },
    query: {},
  })
  expect(new Set(items.map(({ role }) => role))).toEqual(new Set(['owner', 'admin', 'developer', 'auditor']))
})

test('agents call its tools by and by, with errors and refusals among the answers', async () => {
  const client = await signIn('amara@example.com')
  const [organization] = (await client.call(api.identity.me, {})).organizations
  const params = { organizationId: organization!.id }
  const outcomes = await eventually('calls of several outcomes', async () => {
    const { items } = await client.call(api.calls.list, { params, query: { limit: 200 } })
    const seen = new Set(items.map(({ outcome }) => outcome))
    return seen.has('ok') && (seen.has('tool_error') || seen.has('refused')) ? items : null
  })
  expect(new Set(outcomes.map(({ tokenId }) => tokenId)).size).toBeGreaterThan(1)
})

test('one signal ends it, and nothing of it is left', async () => {
  const before = processesOf(folder)
  expect(before.length).toBeGreaterThan(3)
  demo.kill('SIGINT')
  const [code] = await exited
  expect(code).toBe(0)
  expect(output).toContain('Nothing of the demo is left.')
  expect(processesOf(folder)).toEqual([])
  expect(readdirSync(folder)).toEqual([])
})

async function signIn(email: string): Promise<Client> {
  const [, baseUrl] = /Open\s+(http:\S+)\/console/.exec(output)!
  const [, password] = /password of each is\s+(\S+)/.exec(output)!
  const response = await fetch(`${baseUrl}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: baseUrl! },
    body: JSON.stringify({ email, password }),
  })
  expect(response.status).toBe(200)
  const { token } = (await response.json()) as { token: string }
  const authorization = `Bearer ${response.headers.get('set-auth-token') ?? token}`
  return createClient({ baseUrl: baseUrl!, headers: () => ({ authorization }) })
}

/** Processes that have the text in their command line or environment, but not this one. */
function processesOf(text: string): string[] {
  const read = (pid: string, what: string) => {
    try {
      return readFileSync(`/proc/${pid}/${what}`, 'utf8')
    } catch {
      return ''
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(pid, 'cmdline').includes(text) || read(pid, 'environ').includes(text))
    .filter((pid) => Number(pid) !== demo.pid)
}
