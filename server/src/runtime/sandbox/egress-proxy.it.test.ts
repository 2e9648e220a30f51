/** An unmodified server reaches what its release declares with plain fetch, and nothing else. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Lookup } from '../../platform/net/addresses.ts'
import { fixtures, openBench, probeInside, type Bench } from '../process/test-support.ts'
import { createEgressProxy } from './egress-proxy.ts'
import { selfSigned } from './self-signed.ts'

vi.setConfig({ testTimeout: 30_000 })

async function listening<T extends Server>(server: T): Promise<{ server: T; port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { server, port: (server.address() as AddressInfo).port }
}

const webServer = (text: string) =>
  listening(
    createHttpServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () =>
        response.end(`${text} ${request.headers.host} ${request.url} ${Buffer.concat(chunks).toString()}`),
      )
    }),
  )

/** A name server for the runner: every name is this machine. */
const toLoopback: Lookup = async () => [{ address: '127.0.0.1', family: 4 }]

const notesOf = (bench: Bench, instanceId: string) => {
  const log = bench.executor.openLog(join(bench.root, instanceId, 'log'))
  onTestFinished(() => log.close())
  return log
    .tail()
    .filter((entry) => entry.stream === 'note')
    .map((entry) => entry.text)
    .join('\n')
}

describe('a sandboxed server', () => {
  const options = { allowPrivateEgress: true, instanceId: 'inst_egress' }

  it('fetches its declared host by name and no other, and the refusal names the host', async () => {
    const declared = await webServer('declared')
    const other = await webServer('other')
    const bench = await openBench({ lookup: toLoopback })
    const egress = { ...options, egressHosts: [`api.example:${declared.port}`] }

    const good = await probeInside(bench, 'fetch', [`http://api.example:${declared.port}/path?q=1`], egress)
    expect(good.value).toEqual({ status: 200, body: `declared api.example:${declared.port} /path?q=1 ` })

    const sentence = (name: string) =>
      `egress to ${name} is not declared by this release; it declares: api.example:${declared.port}`
    for (const name of [
      `other.example:${other.port}`,
      `192.0.2.9:${declared.port}`,
      `api.example:${other.port}`,
    ]) {
      const refused = await probeInside(bench, 'fetch', [`http://${name}/`], egress)
      expect(refused.value, name).toEqual({ status: 403, body: `${sentence(name)}\n` })
      expect(notesOf(bench, 'inst_egress')).toContain(sentence(name))
    }
    const secure = await probeInside(bench, 'fetch', ['https://evil.example/'], egress)
    expect(secure).toMatchObject({ ok: false })
    expect(notesOf(bench, 'inst_egress')).toContain(sentence('evil.example:443'))
  })

  it('fetches over HTTPS, end to end with the declared host', async () => {
    const { key, cert } = selfSigned('secure.example')
    const { port } = await listening(
      createHttpsServer({ key, cert }, (_request, response) => response.end('sealed')),
    )
    const bench = await openBench({ lookup: toLoopback })
    const certificates = join(bench.root, 'certificates')
    mkdirSync(certificates)
    writeFileSync(join(certificates, 'ca.pem'), cert)
    const result = await probeInside(bench, 'fetch', [`https://secure.example:${port}/`], {
      ...options,
      egressHosts: [`secure.example:${port}`],
      env: { NODE_EXTRA_CA_CERTS: '/certificates/ca.pem' },
      mounts: [
        { source: fixtures, target: '/app' },
        { source: certificates, target: '/certificates' },
      ],
    })
    expect(result.value).toEqual({ status: 200, body: 'sealed' })
  })

  it('is not let to private addresses by a declared name, unless the operator allows it', async () => {
    const { port } = await webServer('inner')
    const bench = await openBench({ lookup: toLoopback })
    const egress = { instanceId: 'inst_private', egressHosts: [`inner.example:${port}`] }
    const refused = await probeInside(bench, 'fetch', [`http://inner.example:${port}/`], egress)
    expect(refused.value).toEqual({
      status: 403,
      body: `egress to inner.example:${port} is refused: inner.example resolves to 127.0.0.1, which is a loopback address\n`,
    })
  })

  it('has no direct way around the proxy', async () => {
    const { port } = await webServer('declared')
    const bench = await openBench({ lookup: toLoopback })
    const egress = { ...options, egressHosts: [`127.0.0.1:${port}`] }
    const direct = await probeInside(bench, 'connect', [{ host: '127.0.0.1', port }], egress)
    expect(direct).toMatchObject({ ok: false, why: expect.stringContaining('ECONNREFUSED') })
  })

  it('runs as itself: no launcher process, channel or variable of ours is left', async () => {
    const egress = { ...options, egressHosts: ['api.example'], env: { OWN: 'kept' } }
    const { value } = await probeInside(await openBench(), 'facts', [], egress)
    const facts = value as { pids: string[]; env: Record<string, string>; environ1: string }
    expect(facts.pids).toEqual(['1', '2'])
    expect(facts.env).toMatchObject({ OWN: 'kept', HOME: '/data', NODE_USE_ENV_PROXY: '1' })
    expect(Object.keys(facts.env).filter((name) => name.startsWith('NODE_CHANNEL'))).toEqual([])
  })

  it('cannot steer what runs before it through its environment', async () => {
    const bench = await openBench()
    const env = { NODE_OPTIONS: '--require /app/absent.cjs' }
    const { exit } = await probeInside(bench, 'facts', [], { ...options, egressHosts: ['api.example'], env })
    // The server itself fails on it, with its own environment; the launcher has handed over before.
    expect(exit.stderrTail.join('\n')).toContain('absent.cjs')
    expect(exit.code).toBe(1)
  })

  it('that cannot be found is named', async () => {
    const bench = await openBench()
    const { exited } = await bench.launch({ ...options, command: ['nosuch'], egressHosts: ['api.example'] })
    expect(await exited).toMatchObject({ reason: 'could not start: nosuch: no such program in the sandbox' })
  })
})

describe('the proxy itself', () => {
  async function openProxy(hosts: string[], lookup: Lookup = toLoopback, allowPrivate = true) {
    const notes: string[] = []
    const proxy = createEgressProxy({ hosts, allowPrivate, lookup, note: (sentence) => notes.push(sentence) })
    const { server, port } = await listening(createTcpServer())
    proxy.serve(server)
    onTestFinished(() => proxy.close())
    return { port, notes, proxy }
  }

  /** Sends bytes and returns everything that comes back until the end. */
  function exchange(port: number, ...parts: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(parts.shift()!))
      let received = ''
      socket.setTimeout(5_000, () => socket.destroy(new Error(`no end after: ${received}`)))
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1')
        const next = parts.shift()
        if (next !== undefined) socket.write(next)
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(received))
    })
  }

  it('resolves once and connects to the address it checked', async () => {
    const web = await webServer('pinned')
    let asked = 0
    const rebinding: Lookup = async () => {
      asked += 1
      return [{ address: asked === 1 ? '127.0.0.1' : '192.0.2.1', family: 4 }]
    }
    const { port } = await openProxy([`api.example:${web.port}`], rebinding)
    const answer = await exchange(
      port,
      `GET http://api.example:${web.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toContain(`pinned api.example:${web.port} /`)
    expect(asked).toBe(1)
  })

  it('forwards bodies, and not the headers meant for itself', async () => {
    const seen: (string | string[] | undefined)[] = []
    const { port: target } = await listening(
      createHttpServer((request, response) => {
        seen.push(request.headers['proxy-authorization'], request.headers.host)
        request.pipe(response)
      }),
    )
    const { port } = await openProxy([`api.example:${target}`])
    const answer = await exchange(
      port,
      `POST http://api.example:${target}/ HTTP/1.1\r\nHost: forged.example\r\nProxy-Authorization: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 200[^]*hello/)
    expect(seen).toEqual([undefined, `api.example:${target}`])
  })

  it('answers a refused TLS client with an alert it understands, and on 443 with 403', async () => {
    const { port, notes } = await openProxy(['api.example'])
    const alert = await new Promise<Error>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write('CONNECT evil.example:8443 HTTP/1.1\r\n\r\n'),
      )
      socket.once('data', () =>
        tlsConnect({ socket, servername: 'evil.example' }, reject).on('error', resolve),
      )
    })
    expect(alert.message).toMatch(/access denied/)
    const refusal = await exchange(port, 'CONNECT evil.example:443 HTTP/1.1\r\n\r\n')
    expect(refusal).toMatch(/^HTTP\/1.1 403 [^]*egress to evil\.example:443 is not declared/)
    expect(notes).toHaveLength(2)
  })

  it('names a declared host that does not answer', async () => {
    const { server, port: closed } = await listening(createTcpServer())
    await new Promise((resolve) => server.close(resolve))
    const { port, notes } = await openProxy([`api.example:${closed}`])
    expect(await exchange(port, `CONNECT api.example:${closed} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1.1 502 /)
    expect(notes[0]).toMatch(new RegExp(`^egress to api.example:${closed} failed: .*ECONNREFUSED`))
  })

  it('refuses what is no proxy request', async () => {
    const { port } = await openProxy(['api.example'])
    for (const request of [
      'GET / HTTP/1.1\r\nHost: api.example\r\n\r\n',
      'GET ftp://api.example/ HTTP/1.1\r\nHost: a\r\n\r\n',
    ]) {
      expect(await exchange(port, request)).toMatch(/^HTTP\/1.1 400 /)
    }
    expect(await exchange(port, 'CONNECT api.example:x HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
    expect(await exchange(port, '\x16\x03garbage\r\n\r\n')).toBe('')
  })

  it('reaches a declared address literal, private or not, but no name that leads there', async () => {
    const web = await webServer('literal')
    const { port } = await openProxy([`127.0.0.1:${web.port}`], toLoopback, false)
    expect(
      await exchange(
        port,
        `GET http://127.0.0.1:${web.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      ),
    ).toContain('literal')
    expect(
      await exchange(port, `GET http://0x7f.1:${web.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
    ).toContain('literal')
    expect(
      await exchange(
        port,
        `GET http://localhost:${web.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      ),
    ).toContain(' 403 ')
  })

  it('ends its connections when it is closed', async () => {
    const silent = await listening(createTcpServer())
    const { port, proxy } = await openProxy([`api.example:${silent.port}`])
    const ended = exchange(port, `CONNECT api.example:${silent.port} HTTP/1.1\r\n\r\n`)
    await new Promise((resolve) => silent.server.once('connection', resolve))
    proxy.close()
    expect(await ended).toMatch(/^(HTTP\/1.1 200 |$)/)
  })
})
