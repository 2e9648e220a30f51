import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, type LogEvent } from '@berth/contracts'
import { sha256 } from '../platform/crypto.ts'
import { commitment } from '../platform/log/leaf.ts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../platform/testing/index.ts'

let server: TestServer
let owner: TestPerson
let organizationId: string

beforeAll(async () => {
  server = await startTestServer()
  owner = await signUp(server)
  organizationId = (await owner.client.call(api.organizations.create, { body: { name: 'Acme' } })).id
})
afterAll(() => server.close())

const refused = (code: string) => ({ problem: { code } })

const list = (query: object = {}, by = owner) =>
  by.client.call(api.audit.list, { params: { organizationId }, query })

const rename = (name: string, id = organizationId) =>
  owner.client.call(api.organizations.update, { params: { organizationId: id }, body: { name } })

async function join(): Promise<TestPerson & { memberId: string }> {
  const person = await signUp(server)
  const body = { email: person.email, role: 'developer' as const }
  const member = await owner.client.call(api.organizations.addMember, { params: { organizationId }, body })
  return { ...person, memberId: member.id }
}

describe('the log', () => {
  test('is listed newest first, in pages without gaps', async () => {
    for (const name of ['One', 'Two', 'Three']) await rename(name)
    const first = await list({ limit: 2 })
    expect(first.items[0]).toMatchObject({
      type: 'organization.updated',
      payload: { changes: [{ field: 'name', previous: 'Two', current: 'Three' }] },
    })
    const seqs: number[] = []
    let cursor: string | null | undefined
    do {
      const page = await list({ limit: 2, ...(cursor && { cursor }) })
      seqs.push(...page.items.map((event) => event.seq))
      cursor = page.nextCursor
    } while (cursor)
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, n) => seqs.length - n))
  })

  test('is filtered by type, by the beginning of a type, by actor and by deployment', async () => {
    await join()
    const typesOf = async (query: object) => new Set((await list(query)).items.map((event) => event.type))
    expect(await typesOf({ type: 'member.added' })).toEqual(new Set(['member.added']))
    expect(await typesOf({ type: 'organization.*' })).toEqual(
      new Set(['organization.created', 'organization.updated']),
    )
    expect(await typesOf({ type: 'organization.%' })).toEqual(new Set())
    const all = await typesOf({})
    const others = [...all].filter((type) => !type.startsWith('organization.'))
    expect(others.length).toBeGreaterThan(0)
    expect(await typesOf({ type: '!organization.*' })).toEqual(new Set(others))
    expect(await typesOf({ type: '!member.added' })).toEqual(
      new Set([...all].filter((type) => type !== 'member.added')),
    )
    expect((await list({ actorId: owner.userId })).items).not.toEqual([])
    expect((await list({ actorId: 'usr_nobody' })).items).toEqual([])
    expect((await list({ deploymentId: 'dep_01kaqqqqqqqqqqqqqqqqqqqqqq' })).items).toEqual([])
    await expect(list({ deploymentId: 'x' })).rejects.toMatchObject(refused('invalid_input'))
    await expect(list({ cursor: 'bm9uc2Vuc2U' })).rejects.toMatchObject(refused('invalid_input'))
  })

  test('shows for each event the bytes that were hashed and what its commitments open to', async () => {
    const params = { organizationId, seq: 1 }
    const [event] = (await list({ type: 'organization.created' })).items
    const { leaf, leafHash, openings } = await owner.client.call(api.audit.leaf, { params })
    const bytes = Buffer.from(leaf, 'base64')
    expect(leafHash).toBe(event!.leafHash)
    expect(sha256(Buffer.concat([Buffer.from([0]), bytes])).toString('hex')).toBe(leafHash)
    const { payload } = JSON.parse(bytes.toString()) as { payload: Record<string, unknown> }
    expect(bytes.toString()).not.toContain('Acme')
    expect(openings.map((opening) => opening.field)).toEqual(expect.arrayContaining(['name']))
    for (const { field, value, salt } of openings) {
      expect(payload[field]).toEqual(commitment({ value, salt: Buffer.from(salt, 'base64') }))
    }
    const missing = owner.client.call(api.audit.leaf, { params: { organizationId, seq: 9999 } })
    await expect(missing).rejects.toMatchObject(refused('not_found'))
  })

  test('of the platform is the operators’ to read', async () => {
    const read = (by: TestPerson) =>
      by.client.call(api.audit.list, { params: { organizationId: 'platform' }, query: { type: 'session.*' } })
    expect((await read(owner)).items).not.toEqual([])
    await expect(read(await signUp(server))).rejects.toMatchObject(refused('not_found'))
  })
})

interface Message {
  event?: string
  id?: string
  data: string
}

async function* messagesIn(response: Response): AsyncGenerator<Message> {
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const fields = [...block.matchAll(/^(event|id|data): (.*)$/gm)].map(([, name, value]) => [name, value])
      if (fields.length > 0) yield Object.fromEntries(fields) as Message
    }
  }
}

interface Stream {
  messages: Message[]
  events(): LogEvent[]
  /** Waits until a message fits. */
  until(fits: (message: Message) => boolean): Promise<Message>
  ended: Promise<void>
  close(): void
}

async function open(query: object, by: TestPerson, headers: Record<string, string> = {}): Promise<Stream> {
  const abort = new AbortController()
  const response = await by.client.send(api.audit.stream, { query }, { signal: abort.signal, headers })
  const messages: Message[] = []
  const waiting = new Set<() => void>()
  const ended = (async () => {
    for await (const message of messagesIn(response)) {
      messages.push(message)
      for (const wake of waiting) wake()
    }
  })().catch(() => {})
  return {
    messages,
    ended,
    events: () =>
      messages.filter((one) => one.event === 'event').map((one) => JSON.parse(one.data) as LogEvent),
    until: (fits) =>
      new Promise((resolve, reject) => {
        void ended.then(() => reject(new Error('the stream ended')))
        const look = () => {
          const found = messages.find(fits)
          if (found) resolve(found)
        }
        waiting.add(look)
        look()
      }),
    close: () => abort.abort(),
  }
}

const isReady = (message: Message) => message.event === 'ready'
const named = (name: string) => (message: Message) => message.data.includes(`"current":"${name}"`)

describe('the stream', () => {
  test('brings events as they are committed, of the types asked for', async () => {
    const stream = await open({ organizationId, types: 'organization.*' }, owner)
    await stream.until(isReady)
    await join()
    await rename('Streamed')
    await stream.until(named('Streamed'))
    expect(stream.events().map((event) => event.type)).toEqual(['organization.updated'])
    stream.close()
  })

  test('goes on where it was, without loss or doubling', async () => {
    const stream = await open({ organizationId }, owner)
    await stream.until(isReady)
    await rename('Seen')
    const { id } = await stream.until(named('Seen'))
    stream.close()
    await rename('Missed one')
    await rename('Missed two')
    for (const given of [{ headers: { 'last-event-id': id! } }, { query: { cursor: id! } }]) {
      const resumed = await open({ organizationId, ...given.query }, owner, given.headers)
      await resumed.until(isReady)
      expect(resumed.events().flatMap((event) => event.payload['changes'])).toMatchObject([
        { current: 'Missed one' },
        { current: 'Missed two' },
      ])
      resumed.close()
    }
  })

  test('carries what the caller may read and nothing else', async () => {
    const stranger = await signUp(server)
    const own = await stranger.client.call(api.organizations.create, { body: { name: 'Own' } })
    const stream = await open({}, stranger)
    await stream.until(isReady)
    await rename('Not yours')
    await stranger.client.call(api.organizations.update, {
      params: { organizationId: own.id },
      body: { name: 'Yours' },
    })
    await stream.until(named('Yours'))
    expect(new Set(stream.events().map((event) => event.organizationId))).toEqual(new Set([own.id]))
    stream.close()
    await expect(open({ organizationId }, stranger)).rejects.toMatchObject(refused('not_found'))
    await expect(open({ organizationId: 'platform' }, stranger)).rejects.toMatchObject(refused('not_found'))
  })

  test('ends when its reader leaves, before anything later is sent', async () => {
    const person = await join()
    const stream = await open({}, person)
    await stream.until(isReady)
    const params = { organizationId, memberId: person.memberId }
    await owner.client.call(api.organizations.removeMember, { params })
    await rename('After the farewell')
    await stream.ended
    expect(stream.events().some((event) => JSON.stringify(event).includes('farewell'))).toBe(false)
    const again = await open({}, person)
    await again.until(isReady)
    again.close()
  })

  test('ends when its reader gains an organization, so that it carries that one, too', async () => {
    const person = await signUp(server)
    const stream = await open({}, person)
    await stream.until(isReady)
    const own = await person.client.call(api.organizations.create, { body: { name: 'Own' } })
    await stream.ended
    const again = await open({}, person)
    await again.until(isReady)
    await person.client.call(api.organizations.update, {
      params: { organizationId: own.id },
      body: { name: 'Carried' },
    })
    expect((await again.until(named('Carried'))).event).toBe('event')
    again.close()
  })

  test('ends with the session, and says so', async () => {
    const person = await join()
    const stream = await open({}, person)
    await stream.until(isReady)
    await fetch(`${server.url}/api/auth/sign-out`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${person.token}` },
      body: '{}',
    })
    await stream.ended
    expect(stream.messages.at(-1)!.event).toBe('revoked')
  })

  test('starts over when a cursor is not one', async () => {
    const stream = await open({ organizationId, cursor: 'nonsense' }, owner)
    await stream.until(isReady)
    expect(stream.messages[0]!.event).toBe('reset')
    stream.close()
  })
})
