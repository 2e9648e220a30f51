/**
 * The least that an inbox can be, as a process of its own: `node bare-inbox.ts <database>` inserts what it is sent and
 * answers once that is durable. It checks nothing, and nobody deals with what it keeps. Prints its port when it is up.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.argv[2]! })

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const id = request.headers['webhook-id']
    pool
      .query(
        `insert into billing_webhooks (id, provider, event_id, type, body, state, received_at, processed_at)
          values ($1, 'bare', $1, 'nothing', $2, 'ignored', now(), now())`,
        [id, Buffer.concat(chunks)],
      )
      .then(
        () => response.writeHead(204).end(),
        () => response.writeHead(500).end(),
      )
  })
})
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`))
