/** What calls leave behind, and what malformed requests do not do. */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, type CallRecord, type Deployment } from '@berth/contracts'
import { createHash } from 'node:crypto'
import { eventually } from '../support/eventually.ts'
import {
  addLocal,
  apiToken,
  calls,
  launch,
  mcp,
  serviceToken,
  startWorld,
  type World,
} from '../support/gateway-world.ts'

let world: World
let deployment: Deployment

beforeAll(async () => {
  world = await startWorld()
  deployment = await launch(world, await addLocal(world, ['everything.mjs']))
})

afterAll(() => world?.close())

/** All records of a token, oldest first, once there are `count`, and still as many a moment later. */
async function recordsOf(tokenId: string, count: number): Promise<CallRecord[]> {
  const params = { organizationId: world.organizationId }
  const read = async () => {
    const { items } = await world.owner.client.call(api.calls.list, { params, query: { limit: 100 } })
    return items.filter((item) => item.tokenId === tokenId).toReversed()
  }
  await eventually(`${count} records`, async () => ((await read()).length >= count ? true : null))
  await sleep(600)
  return await read()
}

describe('every acknowledged request leaves one record', () => {
  test('with who, what, how it went and how large it was; never what was said', async () => {
    const token = await apiToken(world, {
      allowedTools: ['echo', 'test_error_handling', 'test_reconnection', 'nowhere'],
    })
    const client = mcp(deployment.mcpUrl, token.secret)
    await client.open()
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 5,
      method: 'tools/call',
      params: { name: 'echo', arguments: { message: 'a secret between us' } },
    })
    const answer = await (await client.post(body)).text()
    await client.call('test_error_handling')
    await client.call('nowhere')
    await client.call('test_simple_text')
    await client.request('no/such/method')
    const cancelled = client.call('test_reconnection', {}, 'slow')
    await sleep(20)
    await client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'slow' } })
    expect((await cancelled).error.code).toBe(-32800)
    await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })
    const records = await recordsOf(token.id, 8)
    expect(records.map(({ method, tool, outcome, errorCode }) => [method, tool, outcome, errorCode])).toEqual(
      [
        ['initialize', null, 'ok', null],
        ['tools/call', 'echo', 'ok', null],
        ['tools/call', 'test_error_handling', 'tool_error', null],
        ['tools/call', 'nowhere', 'error', -32602],
        ['tools/call', 'test_simple_text', 'refused', -32003],
        ['no/such/method', null, 'error', -32601],
        ['tools/call', 'test_reconnection', 'cancelled', -32800],
        ['ping', null, 'ok', null],
      ],
    )
    for (const record of records) {
      expect(record).toMatchObject({
        principalKind: 'user',
        principalId: world.owner.userId,
        tokenId: token.id,
        sessionId: client.sessionId,
        deploymentId: deployment.id,
        workspaceId: world.workspace.id,
        decisionId: deployment.decisionId,
      })
    }
    expect(records[1]).toMatchObject({ requestBytes: body.length, responseBytes: answer.length })
    expect(JSON.stringify(records)).not.toContain('a secret between us')
    expect(new Set(records.map(({ id }) => id)).size).toBe(8)
  })

  test('of an agent and of a page too; they are found by who and where', async () => {
    const agent = await serviceToken(world, world.workspace.id)
    const client = mcp(deployment.mcpUrl, agent.secret)
    await client.open()
    await client.call('echo', { message: 'x' })
    const { organizationId, owner } = world
    const params = { organizationId, deploymentId: deployment.id }
    const body = { tool: 'echo', arguments: { message: 'from a page' } }
    const { callId, result } = await owner.client.call(api.deployments.call, { params, body })
    expect(result).toMatchObject({ content: [{ text: 'from a page' }] })
    const byAgent = await calls(world, { principalId: agent.id }, 2)
    expect(byAgent.map(({ principalKind, method }) => [principalKind, method])).toEqual([
      ['service', 'initialize'],
      ['service', 'tools/call'],
    ])
    const page = await eventually('the call of the page', async () => {
      const all = await calls(
        world,
        { deploymentId: deployment.id, principalId: owner.userId, tool: 'echo' },
        1,
      )
      return all.find(({ id }) => id === callId)
    })
    expect(page).toMatchObject({ sessionId: null, outcome: 'ok', principalKind: 'user' })
  })

  test('and the log holds digests that the rows verify against', async () => {
    const { db, feed } = world.server.berth.platform
    const sealed = await eventually('everything is sealed', async () => {
      const open = await db
        .selectFrom('callBatches')
        .select('id')
        .where('sealedIn', 'is', null)
        .executeTakeFirst()
      if (open) return null
      await feed.catchUp()
      const params = { organizationId: world.organizationId }
      const { items } = await world.owner.client.call(api.audit.list, {
        params,
        query: { type: 'calls.recorded', limit: 100 },
      })
      return items.length > 0 ? items : null
    })
    let counted = 0
    for (const { payload } of sealed) {
      const { batch, count, digest } = payload as { batch: string; count: number; digest: string }
      const batches = await db
        .selectFrom('callBatches')
        .selectAll()
        .where('sealedIn', '=', batch)
        .orderBy('id')
        .execute()
      const digests: Buffer[] = []
      for (const { id } of batches) {
        const rows = await db.selectFrom('calls').selectAll().where('batch', '=', id).orderBy('id').execute()
        counted += rows.length
        const hashes = rows.map((row) => createHash('sha256').update(lineOf(row)).digest())
        digests.push(createHash('sha256').update(Buffer.concat(hashes)).digest())
      }
      expect(batches.reduce((sum, one) => sum + one.count, 0)).toBe(count)
      expect(digest).toContain(createHash('sha256').update(Buffer.concat(digests)).digest('hex'))
    }
    expect(counted).toBe((await db.selectFrom('calls').select('id').execute()).length)
  })
})

interface CallRow extends Omit<CallRecord, 'at' | 'latencyMs' | 'outcome' | 'principalKind'> {
  outcome: string
  principalKind: string
  latencyUs: number
  at: Date
}

/** A call as its journal line, said here apart from the code. */
function lineOf(row: CallRow): string {
  return JSON.stringify([
    row.id,
    row.organizationId,
    row.workspaceId,
    row.deploymentId,
    row.principalKind,
    row.principalId,
    row.tokenId,
    row.sessionId,
    row.method,
    row.tool,
    row.decisionId,
    row.outcome,
    row.errorCode,
    row.requestBytes,
    row.responseBytes,
    row.latencyUs,
    row.at.getTime(),
  ])
}

describe('malformed requests', () => {
  /** What a raw socket hears within a moment. */
  function raw(text: string): Promise<string> {
    const { hostname, port } = new URL(world.server.url)
    return new Promise((resolve) => {
      let heard = ''
      const socket = connect(Number(port), hostname, () => socket.write(text))
      socket.setTimeout(700, () => socket.destroy())
      socket.on('data', (chunk) => (heard += chunk.toString()))
      socket.on('error', () => {})
      socket.on('close', () => resolve(heard))
    })
  }

  test('get a 4xx, and nothing of them stays', async () => {
    const { secret } = await apiToken(world)
    const client = mcp(deployment.mcpUrl, secret)
    await client.open()
    const id = fc.oneof(
      fc.integer(),
      fc.string(),
      fc.constant(null),
      fc.double(),
      fc.constant({}),
      fc.constant(undefined),
    )
    const method = fc.oneof(
      fc.constantFrom(
        'ping',
        'tools/list',
        'initialize',
        'notifications/cancelled',
        'server/discover',
        '__proto__',
      ),
      fc.string(),
      fc.anything(),
    )
    const message = fc.record({
      jsonrpc: fc.constantFrom('2.0', '1.0', 2, undefined),
      id,
      method,
      params: fc.anything(),
    })
    const text = fc.oneof(
      message.map((one) => safeJson(one)),
      fc.array(message, { maxLength: 5 }).map((many) => safeJson(many)),
      fc.string({ maxLength: 300 }),
      message.map((one) => safeJson(one).slice(0, -3)),
      fc.constant('['.repeat(100_000)),
      fc.constant(`{"a":${'{"a":'.repeat(50_000)}`),
    )
    const headers = fc.record(
      {
        'content-type': fc.constantFrom(
          'application/json',
          'text/plain',
          'application/json; charset=latin1',
          '',
        ),
        accept: fc.constantFrom('application/json, text/event-stream', '*/*', 'text/html', ''),
        'mcp-session-id': fc.constantFrom(client.sessionId, 'unknown', '../../etc', 'x'.repeat(3000)),
        'mcp-protocol-version': fc.constantFrom('2025-11-25', '2025-03-26', '1999-01-01', '2026-07-28', 'x'),
        'last-event-id': fc.constantFrom('0', 'x-y-z', '1-0-999999'),
        'content-encoding': fc.constantFrom('gzip', 'identity'),
      },
      { requiredKeys: [] },
    )
    const verb = fc.constantFrom('POST', 'POST', 'POST', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS')
    await fc.assert(
      fc.asyncProperty(verb, headers, text, async (given, more, body) => {
        const deleting = given === 'DELETE' ? { 'mcp-session-id': 'unknown' } : {}
        const sent: RequestInit = {
          method: given,
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-session-id': client.sessionId,
            ...client.headers,
            ...more,
            ...deleting,
          },
          body,
        }
        const response = await fetch(client.url, sent)
        expect(response.status).toBeLessThan(500)
        const said = await response.text()
        if (response.status >= 400) expect(JSON.parse(said).error.message).toMatch(/\w+/)
      }),
      { numRuns: 300 },
    )
    // A session takes 256 requests at a time: not one place is left occupied.
    const all = await Promise.all(Array.from({ length: 256 }, () => client.call('test_reconnection')))
    expect(all.filter(({ result }) => result === undefined)).toEqual([])
  })

  test('on the wire: half requests, wrong lengths, odd targets', async () => {
    const { secret } = await apiToken(world)
    const { pathname, host } = new URL(deployment.mcpUrl)
    const head = (line: string, more = '') =>
      `${line} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${secret}\r\nContent-Type: application/json\r\n` +
      `Accept: application/json, text/event-stream\r\n${more}\r\n`
    const heard = await Promise.all([
      raw(head(`POST ${pathname}`, 'Content-Length: 100\r\n') + '{"jsonrpc"'),
      raw(head(`POST ${pathname}`, 'Content-Length: -5\r\n')),
      raw(head(`POST ${pathname}`, 'Transfer-Encoding: chunked\r\n') + 'zz\r\n'),
      raw(head(`POST ${pathname}`, 'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n') + '0\r\n\r\n'),
      raw(head('POST /mcp/%00/%ff/..')),
      raw(head('POST /mcp//////')),
      raw(head('POST /mcp?x=%')),
      raw(head('GET //mcp/a/b/c')),
      raw(head(`POST http://[/mcp/a/b/c`)),
      raw(head(`OPTIONS *`)),
      raw(`POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer \u0000\r\n\r\n`),
      raw(head(`POST ${pathname}`, `X-Long: ${'a'.repeat(20_000)}\r\n`)),
    ])
    for (const reply of heard) expect(reply).not.toMatch(/^HTTP\/1\.1 5/)
    const client = mcp(deployment.mcpUrl, secret)
    await client.open()
  })

  test('on the internal socket: nothing unsigned is answered or does harm', async () => {
    const { db } = world.server.berth.platform
    const { address } = await db.selectFrom('runners').select('address').executeTakeFirstOrThrow()
    for (const target of ['/', '//', '/internal/mcp/x', 'http://[', '/internal/logs/%']) {
      const { hostname, port } = new URL(address)
      const heard = await new Promise<string>((resolve) => {
        let said = ''
        const socket = connect(Number(port), hostname, () => {
          socket.write(
            `GET ${target} HTTP/1.1\r\nHost: x\r\nX-Berth-Context: e30\r\nX-Berth-Signature: 1.x\r\n\r\n`,
          )
        })
        socket.setTimeout(500, () => socket.destroy())
        socket.on('data', (chunk) => (said += chunk.toString()))
        socket.on('error', () => {})
        socket.on('close', () => resolve(said))
      })
      expect(heard).toMatch(/^HTTP\/1\.1 40[04]/)
    }
    expect((await fetch(`${world.server.url}/healthz`)).status).toBe(200)
  })
})

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return '{'
  }
}
