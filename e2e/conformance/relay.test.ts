/** The relay on its own, behind a bare HTTP server that demands a bearer, against independent clients. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll } from 'vitest'
import { startBench } from '@berth/server/relay/test-kit.ts'
import type { Bench } from '@berth/server/relay/test-kit.ts'
import { describeOfficialPrograms } from './official.ts'

const token = 'sesame'
let bench: Bench
let server: Server
let url: string

beforeAll(async () => {
  bench = await startBench({ fixture: 'everything.mjs' })
  server = createServer((req: IncomingMessage, res) => {
    if (req.headers.authorization === `Bearer ${token}`)
      bench.endpoint.handle(req, res, { principal: 'p', scope: 's' })
    else res.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await bench.close()
})

describeOfficialPrograms(() => ({ url, token }))
