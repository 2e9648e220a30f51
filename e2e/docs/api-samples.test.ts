/** The samples of the API reference, run as they stand. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { api, samplesOf, tags, variableOf, type Endpoint } from '@berth/contracts'
import { rows, type Given } from '../access/rows.ts'
import { buildWorld, type World } from '../access/world.ts'

const run = promisify(execFile)
const endpoints = Object.values(api).flatMap((domain): Endpoint[] => Object.values(domain))

let world: World
let folder: string

beforeAll(async () => {
  world = await buildWorld()
  folder = await mkdtemp(path.join(tmpdir(), 'berth-samples-'))
})

afterAll(async () => {
  await world?.close()
  await rm(folder, { recursive: true, force: true })
})

/** What a reader would have in their environment to send this request. */
async function environmentFor(endpoint: Endpoint): Promise<Record<string, string>> {
  const row = rows[endpoint.id]!
  const place = (await row.place?.(world)) ?? world
  const given: Given = (await row.request?.(place)) ?? {}
  const body = typeof given.body === 'object' ? (given.body as Record<string, unknown>) : {}
  const headers = Object.entries(given.headers ?? {}).map(([name, value]) => [
    name.replaceAll('-', '_'),
    value,
  ])
  const values = Object.entries({ ...given.params, ...given.query, ...body, ...Object.fromEntries(headers) })
  const { token } = given.as ?? (row.needs === 'operator' ? world.operator : world.owner)
  return {
    PATH: process.env['PATH']!,
    BERTH_URL: world.server.url,
    BERTH_TOKEN: token,
    ...(endpoint.signed ? { EVENT: JSON.stringify(given.body) } : {}),
    ...Object.fromEntries(values.map(([name, value]) => [variableOf(name), String(value)])),
  }
}

describe.each(endpoints.map((endpoint) => [endpoint.id, endpoint] as const))('%s', (_id, endpoint) => {
  const [curl, typescript] = samplesOf(endpoint)

  test('the curl sample works', async () => {
    const env = await environmentFor(endpoint)
    const script = `curl() { command curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$@"; }\n${curl!.source}`
    const { stdout } = await run('sh', ['-c', script], { env }).catch((error: { stdout: string }) => error)
    expect(stdout).toBe(String(endpoint.status))
  })

  test('the TypeScript sample works', async () => {
    const env = await environmentFor(endpoint)
    const file = path.join(folder, `${endpoint.id}.mts`)
    await writeFile(file, typescript!.source)
    const timeout = endpoint.stream ? 3000 : 30_000
    const { stdout } = await run(process.execPath, [file], { env, timeout }).catch(
      (error: { stdout: string; killed: boolean; stderr: string }) => {
        if (!endpoint.stream || !error.killed) throw new Error(error.stderr)
        return error
      },
    )
    if (endpoint.stream) expect(stdout).toContain('retry:')
    else expect(stdout).toMatch(new RegExp(`^${endpoint.status}\\b`))
  })
})

test('the OpenAPI document carries the samples', async () => {
  const document = (await (await fetch(`${world.server.url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { 'x-codeSamples'?: unknown[] }>>
  }
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  expect(operations).toHaveLength(endpoints.length)
  for (const operation of operations) expect(operation['x-codeSamples']).toHaveLength(2)
})

test('the OpenAPI document tells what the endpoints are grouped by, in the order of a reader', async () => {
  const document = await (await fetch(`${world.server.url}/api/openapi.json`)).json()
  expect(document.tags).toEqual(Object.entries(tags).map(([name, description]) => ({ name, description })))
})
