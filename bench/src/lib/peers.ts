/** Everything that the gateway is compared with, in front of the same echo server. */
import { connect } from 'node:net'
import { join } from 'node:path'
import { echoCommand, freePort, root, startProgram, until, type Program } from './programs.ts'
import type { Target } from './http-worker.ts'

export interface Peer extends Target {
  name: string
  program: Program
}

const modules = join(root, 'node_modules')
const bare = join(import.meta.dirname, 'bare.ts')

/** HTTP alone, and a relay that only relays. */
export async function startBare(kind: 'floor' | 'relay'): Promise<Peer> {
  const program = startProgram([process.execPath, bare, kind, ...echoCommand])
  const [, port] = await program.prints(/port (\d+)/)
  return { name: kind === 'floor' ? 'floor' : 'bare relay', program, url: `http://127.0.0.1:${port}/mcp` }
}

/** mcp-proxy with its own settings, streamable HTTP only. */
export async function startMcpProxy(): Promise<Peer> {
  const port = await freePort()
  const bin = join(modules, 'mcp-proxy/dist/bin/mcp-proxy.mjs')
  const options = ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream']
  return await listening('mcp-proxy', port, [process.execPath, bin, ...options, '--', ...echoCommand])
}

/** supergateway with sessions, and without its log, which would cost it time. */
export async function startSupergateway(): Promise<Peer> {
  const port = await freePort()
  const bin = join(modules, 'supergateway/dist/index.js')
  const options = [
    '--outputTransport',
    'streamableHttp',
    '--stateful',
    '--logLevel',
    'none',
    '--port',
    String(port),
  ]
  const command = [process.execPath, bin, '--stdio', echoCommand.join(' '), ...options]
  return await listening('supergateway --stateful', port, command)
}

async function listening(name: string, port: number, command: string[]): Promise<Peer> {
  const program = startProgram(command)
  await until(`${name} listens`, () => takesConnections(port))
  return { name, program, url: `http://127.0.0.1:${port}/mcp` }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
