/**
 * Servers to compare with, each a process of its own: `node bare.ts floor|relay`. Prints its port when it is up.
 *
 * `floor` answers over HTTP without any MCP server behind: what nothing on Node can beat. `relay` passes messages to
 * one server and back under ids of its own, and does nothing else that a gateway does.
 */
import { spawn } from 'node:child_process'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

function answerJson(response: Parameters<RequestListener>[1], text: string): void {
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'mcp-session-id': 'bare',
  })
  response.end(text)
}

function reading(answer: (body: string, response: Parameters<RequestListener>[1]) => void): RequestListener {
  return (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => answer(body, response))
  }
}

interface Message {
  id?: unknown
  params?: { arguments?: { message?: string } }
}

const floor = reading((body, response) => {
  const message = JSON.parse(body || '{}') as Message
  if (message.id === undefined) {
    response.writeHead(202).end()
    return
  }
  const content = [{ type: 'text', text: message.params?.arguments?.message ?? '' }]
  answerJson(response, JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { content } }))
})

function relay(command: string[]): RequestListener {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const pending = new Map<number, { clientId: unknown; answer: (text: string) => void }>()
  let lastId = 0
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const message = JSON.parse(line) as { id: number }
      const call = pending.get(message.id)
      pending.delete(message.id)
      call?.answer(JSON.stringify({ ...message, id: call.clientId }))
    }
  })
  return reading((body, response) => {
    const message = JSON.parse(body || '{}') as Message
    if (message.id === undefined) {
      response.writeHead(202).end()
      return
    }
    const id = ++lastId
    pending.set(id, { clientId: message.id, answer: (text) => answerJson(response, text) })
    child.stdin.write(`${JSON.stringify({ ...message, id })}\n`)
  })
}

const [kind, ...command] = process.argv.slice(2)
const server = createServer({ keepAliveTimeout: 600_000 }, kind === 'floor' ? floor : relay(command))
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`))
