import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createClient, type Client } from '@berth/contracts'
import { startBerth, type Berth, type BerthOptions, type Role } from '../../app.ts'
import type { Clock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { createLogger } from '../logger.ts'
import { createTestDatabase, type TestDatabase } from './databases.ts'

export interface TestServer {
  url: string
  dataDir: string
  berth: Berth
  database: TestDatabase
  /** A client without credentials, or with a bearer token. */
  client(token?: string): Client
  close(): Promise<void>
}

export interface TestServerOptions {
  roles?: readonly Role[]
  clock?: Clock
  env?: Record<string, string>
  /** Share another server's database and data directory: a second process of the same installation. */
  beside?: TestServer
  /** Absent: none; `undefined`: as the settings say. */
  requestsPerMinute?: number | undefined
  runtime?: BerthOptions['runtime']
  logLevel?: string
}

/** The real server on a random port, on a database and in a data directory of its own. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database = options.beside?.database ?? (await createTestDatabase())
  const dataDir = options.beside?.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'berth-test-')))
  const config = readConfig({ BERTH_PORT: '0', BERTH_DATA_DIR: dataDir, ...options.env })
  const berth = await startBerth({
    config,
    databaseUrl: database.url,
    directUrl: database.url,
    logger: createLogger(options.logLevel ?? process.env['BERTH_TEST_LOG'] ?? 'silent'),
    requestsPerMinute: 'requestsPerMinute' in options ? options.requestsPerMinute : 0,
    ...(options.runtime ? { runtime: options.runtime } : {}),
    ...(options.roles ? { roles: options.roles } : {}),
    ...(options.clock ? { clock: options.clock } : {}),
  })
  return {
    url: berth.url,
    dataDir,
    berth,
    database,
    client: (token) =>
      createClient({
        baseUrl: berth.url,
        headers: (): Record<string, string> => (token ? { authorization: `Bearer ${token}` } : {}),
      }),
    close: async () => {
      await berth.close()
      if (options.beside) return
      await database.drop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export interface TestPerson {
  email: string
  password: string
  userId: string
  /** The session token, good as a bearer. */
  token: string
  client: Client
}

/** Somebody who need not confirm their address; where e-mail is sent, an account is made once its sign-up was answered. */
async function letIn({ platform }: Berth, userId: string): Promise<void> {
  for (let left = 3000; left > 0; left--) {
    const held = platform.db.updateTable('users').set({ mustVerify: false }).where('id', '=', userId)
    const { numUpdatedRows } = await held.executeTakeFirst()
    if (numUpdatedRows > 0n) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`no account ${userId} was made`)
}

let people = 0

/**
 * Signs a person up; the first one of a server becomes operator. Where e-mail is sent, it is somebody who was there
 * before it was: they need not confirm their address.
 */
export async function signUp(
  server: Pick<TestServer, 'url' | 'client'> & Partial<Pick<TestServer, 'berth'>>,
  given: { name?: string; email?: string; password?: string } = {},
): Promise<TestPerson> {
  const email = given.email ?? `person${++people}@example.com`
  const password = given.password ?? 'correct horse battery staple'
  const enter = async (where: string, body: object) => {
    const response = await fetch(`${server.url}/api/auth${where}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.url },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`sign-up failed: ${response.status} ${await response.text()}`)
    return (await response.json()) as { token: string | null; user: { id: string } }
  }
  const made = await enter('/sign-up/email', { name: given.name ?? 'Test Person', email, password })
  if (server.berth) await letIn(server.berth, made.user.id)
  const { token, user } = made.token === null ? await enter('/sign-in/email', { email, password }) : made
  return { email, password, userId: user.id, token: token!, client: server.client(token!) }
}
