/** Berth's program on the machine's command line, as operators run it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import pg from 'pg'

export const repository = path.resolve(import.meta.dirname, '../..')
export const main = path.join(repository, 'server/src/main.ts')

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs one command to its end, or to the kill -9 of whoever is handed its process. */
export async function run(
  args: string[],
  env: Record<string, string>,
  handed?: (child: ChildProcess) => void,
): Promise<Outcome> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], BERTH_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  handed?.(child)
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ])
  return { code, stdout, stderr }
}

export async function query(
  url: string,
  statement: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // a database that is dropped ends what is connected to it
  await client.connect()
  try {
    return (await client.query(statement, values)).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}
