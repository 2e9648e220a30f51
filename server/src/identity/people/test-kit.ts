import { sql } from 'kysely'
import type { TestPerson, TestServer } from '../../platform/testing/index.ts'

/** Sends a request below /api/auth, as a program does, or as a page when `origin` is among the headers. */
export function post(server: TestServer, path: string, body: unknown, headers: Record<string, string> = {}) {
  return fetch(`${server.url}/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

/** Signs in as a page does; the cookie as a browser would send it back. */
export async function cookieOf(server: TestServer, person: TestPerson): Promise<string> {
  const response = await post(server, '/sign-in/email', person, { origin: server.url })
  return response.headers.getSetCookie()[0]!.split(';')[0]!
}

export async function statusOfMe(server: TestServer, headers: Record<string, string>): Promise<number> {
  return (await fetch(`${server.url}/api/me`, { headers })).status
}

export const bearerOf = (token: string) => ({ authorization: `Bearer ${token}` })

/** Every row of every table, as text. */
export async function dumpOf({ berth }: TestServer): Promise<string> {
  const { db } = berth.platform
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema in ('public', 'pgboss') and table_type = 'BASE TABLE'`.execute(db)
  const texts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await sql<{ text: string }>`select t::text as text from ${sql.raw(name)} t`.execute(db)
      return rows.map((row) => row.text).join('\n')
    }),
  )
  return texts.join('\n')
}
