import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../server/src/platform/testing/index.ts'
import { Mcpctl } from './support.ts'

let server: TestServer
let operator: TestPerson
let cli: Mcpctl

beforeAll(async () => {
  server = await startTestServer()
  operator = await signUp(server)
  cli = new Mcpctl(server.url)
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

describe('admin recover', () => {
  it("passes through what the server's own recover says, and its failure as 1", async () => {
    const env = { DATABASE_URL: server.database.url }
    const done = await cli.run(['admin', 'recover', '--data-dir', server.dataDir], { env })
    expect(done).toMatchObject({ code: 0 })
    expect(done.stdout).toContain(operator.email)
    const failed = await cli.run(['admin', 'recover', '--data-dir', server.dataDir], {
      env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' },
    })
    expect(failed.code).toBe(1)
    expect(failed.stderr).not.toMatch(/^\s+at /m)
  })
})
