import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { which } from '../../scripts/setup/process.mjs'
import { freePort } from '../support/port.ts'
import {
  addLocal,
  closeWorld,
  launch,
  openWorld,
  untilRunning,
  type World,
} from '../support/runtime-world.ts'
import { repository } from './support.ts'

/** It says that it has begun at once, and answers only when another call tells it to. */
const waitingSource = `
import { initialize, serve, text } from './rpc.mjs'
const inputSchema = { type: 'object', properties: {} }
let go
const released = new Promise((resolve) => (go = resolve))
const tools = {
  wait: async (_, call) => (call.progress(1, 2), await released, text('released')),
  release: () => (go(), text('done')),
}
serve({
  initialize: initialize('waiting', { tools: {} }),
  ping: () => ({}),
  'tools/list': () => ({ tools: Object.keys(tools).map((name) => ({ name, description: name, inputSchema })) }),
  'tools/call': (params, call) => tools[params.name](params.arguments ?? {}, call),
})
`

const nginx = which('nginx') ?? ''
let folder: string
let proxy: ChildProcess | null = null
let world: World | undefined
let publicUrl: string
let said = ''

/** The file of deploy/ with this machine's ports and certificate in it, and nothing else changed. */
function writeSettings(ports: { http: number; https: number; berth: number }): string {
  const sample = readFileSync(path.join(repository, 'deploy/nginx.conf'), 'utf8')
  const changes: [string | RegExp, string][] = [
    ['127.0.0.1:7070', `127.0.0.1:${ports.berth}`],
    [/^ *listen \[::\].*\n/gm, ''],
    ['listen 80;', `listen 127.0.0.1:${ports.http};`],
    ['listen 443 ssl', `listen 127.0.0.1:${ports.https} ssl`],
    [/berth\.example\.com;/g, 'localhost;'],
    [/\/etc\/letsencrypt\/live\/berth\.example\.com/g, folder],
  ]
  const site = changes.reduce((so, [from, to]) => {
    const next = so.replace(from, to)
    expect(next, `deploy/nginx.conf has ${String(from)}`).not.toBe(so)
    return next
  }, sample)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const main = `
    daemon off; pid ${folder}/pid; error_log stderr;
    ${process.getuid?.() === 0 ? 'user nobody nogroup;' : ''}
    events { worker_connections 256; }
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
      include ${folder}/berth.conf;
    }`
  writeFileSync(path.join(folder, 'berth.conf'), site)
  const file = path.join(folder, 'main.conf')
  writeFileSync(file, main)
  return file
}

function makeCertificate(): void {
  const names = ['-keyout', path.join(folder, 'privkey.pem'), '-out', path.join(folder, 'fullchain.pem')]
  const what = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2', '-nodes']
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...names, ...what]
  execFileSync('openssl', args, { stdio: 'ignore' })
  const certificate = readFileSync(path.join(folder, 'fullchain.pem'), 'utf8')
  setDefaultCACertificates([...getCACertificates('default'), certificate])
}

// Everything below goes through nginx, over TLS whose certificate is checked.
describe.skipIf(!nginx || !which('openssl'))('behind the nginx of deploy/', () => {
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'berth-nginx-'))
    chmodSync(folder, 0o755)
    mkdirSync(path.join(folder, 'logs'))
    makeCertificate()
    const ports = { http: await freePort(), https: await freePort(), berth: await freePort() }
    proxy = spawn(nginx, ['-p', folder, '-c', writeSettings(ports)], { stdio: ['ignore', 'ignore', 'pipe'] })
    proxy.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()))
    publicUrl = `https://localhost:${ports.https}`
    world = await openWorld({
      env: { BERTH_PORT: String(ports.berth), BERTH_PUBLIC_URL: publicUrl, BERTH_TRUST_PROXY: 'true' },
    }).catch((error: unknown) => {
      throw new Error(`nginx said: ${said}`, { cause: error })
    })
  })
  afterAll(async () => {
    await closeWorld(world)
    const ended = proxy && once(proxy, 'exit')
    proxy?.kill('SIGQUIT')
    await ended
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  test('events arrive while the stream goes on', async () => {
    const { person, organizationId, server } = world!
    expect(server.url).toBe(publicUrl)
    const stop = new AbortController()
    const stream = await fetch(`${publicUrl}/api/stream?organizationId=${organizationId}`, {
      headers: { authorization: `Bearer ${person.token}` },
      signal: stop.signal,
    })
    let received = ''
    let created: Promise<unknown> | null = null
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
      received += chunk
      // What was there before it is ready is not sent.
      if (received.includes('event: ready'))
        created ??= person.client.call(api.workspaces.create, {
          params: { organizationId },
          body: { name: 'Behind' },
        })
      if (received.includes('workspace.created') && received.includes('Behind')) break
    }
    await created
    stop.abort()
    expect(received).toContain('Behind')
  })

  test("an MCP client's session works, and what a server says in the middle of a call arrives in the middle", async () => {
    await addLocal(world!, 'waiting', { source: waitingSource })
    const { id } = await launch(world!, 'local/waiting')
    const { mcpUrl } = await untilRunning(world!, id)
    expect(mcpUrl).toMatch(new RegExp(`^${publicUrl}/mcp/`))
    const { secret } = await world!.person.client.call(api.tokens.createMine, {
      body: { name: 'agent', scopes: ['tools:call'] },
    })
    const client = new Client({ name: 'test', version: '1' })
    const requestInit = { headers: { authorization: `Bearer ${secret}` } }
    await client.connect(new StreamableHTTPClientTransport(new URL(mcpUrl), { requestInit }))
    const begun = Promise.withResolvers<void>()
    const waiting = client.callTool({ name: 'wait', arguments: {} }, { onprogress: () => begun.resolve() })
    await begun.promise // never comes if it is kept until the end of the answer
    await client.callTool({ name: 'release', arguments: {} })
    expect(await waiting).toMatchObject({ content: [{ text: 'released' }] })
    await client.close()
  })

  test('Berth sees the address of the client itself, whatever that claims', async () => {
    const { email, password } = world!.person
    await send('/api/auth/sign-in/email', JSON.stringify({ email, password }), {
      localAddress: '127.0.0.2',
      headers: { 'x-forwarded-for': '203.0.113.9', origin: publicUrl },
    })
    const { rows } = await world!.server.berth.platform.pool.query<{ ip_address: string }>(
      'select ip_address from sessions order by created_at desc limit 1',
    )
    expect(rows).toEqual([{ ip_address: '127.0.0.2' }])
  })

  test('what is too large is refused with the sentence of Berth, and plain HTTP leads to HTTPS', async () => {
    const { status, body } = await send('/api/orgs', JSON.stringify({ name: 'x'.repeat(2_000_000) }), {
      headers: { authorization: `Bearer ${world!.person.token}` },
    })
    expect(status).toBe(413)
    expect(JSON.parse(body)).toMatchObject({ code: 'too_large' })
    const settings = readFileSync(path.join(folder, 'berth.conf'), 'utf8')
    const port = /listen 127\.0\.0\.1:(\d+);/.exec(settings)![1]!
    const redirect = await fetch(`http://127.0.0.1:${port}/console?a=b`, { redirect: 'manual' })
    expect(redirect.status).toBe(301)
    expect(redirect.headers.get('location')).toBe('https://127.0.0.1/console?a=b')
  })
})

/** POSTs JSON through nginx with everything said as it is given. */
async function send(
  target: string,
  body: string,
  options: { localAddress?: string; headers: Record<string, string> },
): Promise<{ status: number; body: string }> {
  const { port } = new URL(publicUrl)
  const headers = { 'content-type': 'application/json', ...options.headers }
  const asked = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    path: target,
    method: 'POST',
    headers: { host: `localhost:${port}`, ...headers },
    ...(options.localAddress ? { localAddress: options.localAddress } : {}),
  })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode!, body: await text(response) }
}
