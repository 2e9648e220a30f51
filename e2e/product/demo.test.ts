import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, createClient, deploymentWord, type Client } from '@berth/contracts'
import { eventually } from '../support/eventually.ts'

/** A demo with the local servers only, which makes its folder in one of this test's own. */
function startDemo() {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-demo-test-'))
  const args = [path.join(import.meta.dirname, '../../scripts/demo.ts'), '--local-only']
  const child = spawn(process.execPath, args, {
    // A database of somebody's is not for the demo.
    env: {
      ...process.env,
      TMPDIR: folder,
      BERTH_PORT: '0',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const exited = once(child, 'exit') as Promise<[number | null]>
  return {
    pid: child.pid!,
    exited,
    output: () => output,
    says: (text: string) =>
      eventually(
        text,
        async () => {
          if (child.exitCode !== null) throw new Error(`the demo ended: ${output}`)
          return output.includes(text) || null
        },
        100_000,
      ),
    /** Sends it the signal of Ctrl-C; its exit code. */
    interrupt: async () => {
      child.kill('SIGINT')
      const [code] = await exited
      return code
    },
    /** What of it is left where it was told to put things. */
    left: () => readdirSync(folder).filter((name) => name.startsWith('berth-')),
    remove: async () => {
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Demo = ReturnType<typeof startDemo>

describe('a demo', () => {
  let demo: Demo

  beforeAll(async () => {
    demo = startDemo()
    await demo.says('The world stands.')
  })
  afterAll(() => demo?.remove())

  test('makes a world with servers in every state, for the reason its summary gives', async () => {
    const client = await signIn(demo, 'amara@example.com')
    const [organization] = (await client.call(api.identity.me, {})).organizations
    const organizationId = organization!.id
    const { items } = await client.call(api.lifecycle.snapshot, { query: { organizationId, limit: 100 } })
    const deployments = items.flatMap((one) => one.deployments)
    expect(Object.fromEntries(deployments.map((one) => [one.name, deploymentWord(one)]))).toEqual({
      'fx-rates': 'running',
      statements: 'running',
      'ticket-desk-trial': 'running',
      'ticket-desk': 'held',
      'card-network': 'failed',
      'card-simulator': 'stopped',
      digest: 'held',
    })
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

  test('has people in all roles, and another organization beside', async () => {
    const client = await signIn(demo, 'ines@example.com')
    const me = await client.call(api.identity.me, {})
    expect(me.platformRoles).toContain('operator')
    expect(me.organizations.map(({ name }) => name).sort()).toEqual(['Fjord Logistics', 'Meridian Bank'])
    const { id: organizationId } = me.organizations.find(({ name }) => name === 'Meridian Bank')!
    const { items } = await client.call(api.organizations.listMembers, {
      params: { organizationId },
      query: {},
    })
    const roles = new Set(items.map(({ role }) => role))
    expect(roles).toEqual(new Set(['owner', 'admin', 'developer', 'auditor']))
  })

  test('has agents with tokens of their own at work, some of whose calls are refused', async () => {
    const client = await signIn(demo, 'amara@example.com')
    const [organization] = (await client.call(api.identity.me, {})).organizations
    const items = await eventually('calls of several outcomes', async () => {
      const params = { organizationId: organization!.id }
      const page = await client.call(api.calls.list, { params, query: { method: 'tools/call', limit: 200 } })
      const seen = new Set(page.items.map(({ outcome }) => outcome))
      return seen.has('ok') && (seen.has('tool_error') || seen.has('refused')) ? page.items : null
    })
    expect(new Set(items.map(({ tokenId }) => tokenId)).size).toBeGreaterThan(1)
  })

  test('ends at Ctrl-C: no process and no folder of it is left', async () => {
    const processes = descendantsOf(demo.pid)
    expect(processes.length).toBeGreaterThan(5)
    expect(await demo.interrupt()).toBe(0)
    expect(demo.output()).toContain('Nothing of the demo is left.')
    expect(processes.filter(isAlive)).toEqual([])
    expect(demo.left()).toEqual([])
  })
})

test('a demo that is interrupted while it makes its world leaves nothing either', async () => {
  const demo = startDemo()
  try {
    await demo.says('Making organizations')
    const processes = descendantsOf(demo.pid)
    expect(await demo.interrupt()).toBe(0)
    expect(processes.filter(isAlive)).toEqual([])
    expect(demo.left()).toEqual([])
  } finally {
    await demo.remove()
  }
})

test('a demo whose Berth ends says so, and leaves nothing', async () => {
  const demo = startDemo()
  try {
    await demo.says('Making organizations')
    const berth = descendantsOf(demo.pid).find(({ command }) => command.includes('server/src/main.ts'))
    process.kill(berth!.pid, 'SIGTERM')
    expect(await demo.exited).toEqual([1, null])
    expect(demo.output()).toContain('Berth ended by itself.')
    expect(demo.left()).toEqual([])
  } finally {
    await demo.remove()
  }
})

/** Signs in with what the summary shows. */
async function signIn(demo: Demo, email: string): Promise<Client> {
  const [, baseUrl] = /Open\s+(http:\S+)\/console/.exec(demo.output())!
  const [, password] = /password of each is\s+(\S+)/.exec(demo.output())!
  const response = await fetch(`${baseUrl}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: baseUrl! },
    body: JSON.stringify({ email, password }),
  })
  expect(response.status).toBe(200)
  const authorization = `Bearer ${response.headers.get('set-auth-token')}`
  return createClient({ baseUrl: baseUrl!, headers: () => ({ authorization }) })
}

interface Process {
  pid: number
  parent: number
  startedAt: string
  command: string
}

/** The state of a process after its name, which may contain anything; null when it is gone or only waits to be reaped. */
function processOf(pid: number): Process | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    if (fields[0] === 'Z') return null
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return { pid, parent: Number(fields[1]), startedAt: fields[19]!, command }
  } catch {
    return null
  }
}

function descendantsOf(ancestor: number): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? [])
  const found: Process[] = []
  let parents = new Set([ancestor])
  while (parents.size > 0) {
    const children = all.filter(({ parent }) => parents.has(parent))
    found.push(...children)
    parents = new Set(children.map(({ pid }) => pid))
  }
  return found
}

const isAlive = ({ pid, startedAt }: Process): boolean => processOf(pid)?.startedAt === startedAt
