import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { masterKey, storedKey, type MasterKey } from '@berth/server/platform/crypto.ts'
import {
  createTestDatabase,
  seededRandom,
  signUp,
  type TestDatabase,
} from '@berth/server/platform/testing/index.ts'
import { newDataKey, vaultOf } from '@berth/server/secrets/vault.ts'
import { clientAt, startBerthProcess, type BerthProcess } from '../support/berth-process.ts'
import { query, run, type Outcome } from './support.ts'

let database: TestDatabase
let dataDir: string
let berth: BerthProcess | null = null
beforeEach(async () => {
  database = await createTestDatabase()
  dataDir = await mkdtemp(path.join(tmpdir(), 'berth-key-'))
})
afterEach(async () => {
  await berth?.kill()
  berth = null
  await database.drop()
  await rm(dataDir, { recursive: true, force: true })
})

const environment = () => ({ BERTH_DATA_DIR: dataDir, DATABASE_URL: database.url })
const command = (...args: string[]): Promise<Outcome> => run(args, environment())

async function start(): Promise<{ url: string; stop(): Promise<void> }> {
  const started = startBerthProcess({ databaseUrl: database.url, dataDir })
  berth = started
  const url = await started.url
  const stop = async () => {
    berth = null
    await started.stop()
  }
  return { url, stop }
}

/** An organization with one secret, made through the API. Leaves Berth stopped. */
async function withSecret() {
  const { url, stop } = await start()
  const { client, token, email, password } = await signUp({ url, client: (bearer) => clientAt(url, bearer!) })
  const { id: organizationId } = await client.call(api.organizations.create, { body: { name: 'Acme' } })
  const workspace = await client.call(api.workspaces.create, {
    params: { organizationId },
    body: { name: 'Main' },
  })
  const params = { organizationId, workspaceId: workspace.id }
  await client.call(api.secrets.set, { params: { ...params, name: 'KEY' }, body: { value: 'the plaintext' } })
  const { secret: apiToken } = await client.call(api.tokens.createMine, {
    body: { name: 'kept', scopes: ['secrets:read', 'secrets:write'] },
  })
  await stop()
  return { params, token, apiToken, email, password }
}

/** How many data keys this key opens, and the secrets that can be read with them. */
async function readable(keys: MasterKey): Promise<{ dataKeys: number; secrets: string[] }> {
  const rows = await query(database.url, 'select organization_id, sealed from data_keys')
  const secrets = await query(database.url, 'select * from secrets')
  const found = { dataKeys: 0, secrets: [] as string[] }
  for (const { organization_id, sealed } of rows) {
    try {
      const vault = vaultOf(keys, String(organization_id), sealed as Buffer)
      found.dataKeys++
      for (const one of secrets.filter((secret) => secret['organization_id'] === organization_id))
        found.secrets.push(
          vault.open(String(one['workspace_id']), String(one['name']), one['sealed'] as Buffer),
        )
    } catch {
      // sealed with another key
    }
  }
  return found
}

/** Organizations with data keys of their own, so that sealing them anew takes a while. */
async function manyMore(count: number): Promise<void> {
  const keys = masterKey(storedKey(dataDir)!)
  const ids = Array.from({ length: count }, (_, n) => `org_many${String(n).padStart(6, '0')}`)
  await query(
    database.url,
    `with made as (insert into organizations (id, slug, name, created_at) select id, id, id, now() from unnest($1::text[]) id returning id),
          heads as (insert into log_heads (organization_id) select id from made)
     select`,
    [ids],
  )
  await query(
    database.url,
    'insert into data_keys (organization_id, sealed, created_at) select id, sealed, now() from unnest($1::text[], $2::bytea[]) as k (id, sealed)',
    [ids, ids.map((id) => newDataKey(keys, id))],
  )
}

test('a change of the key that is killed again and again ends with everything under the new key and nothing lost', async () => {
  await withSecret()
  await manyMore(3000)
  const old = masterKey(storedKey(dataDir)!)
  const random = seededRandom(8)
  let kills = 0
  let last: Outcome
  do {
    const delay = kills < 5 ? 500 + random() * 2500 : null
    last = await run(['rotate-secret-key'], environment(), (child) => {
      if (delay !== null) void sleep(delay).then(() => child.kill('SIGKILL'))
    })
    if (last.code === null) kills++
    else expect(last).toMatchObject({ code: 0 })
  } while (last.code === null)
  expect(kills, 'killed in the middle at least once').toBeGreaterThan(0)

  expect(await readable(old)).toEqual({ dataKeys: 0, secrets: [] })
  expect(await readable(masterKey(storedKey(dataDir)!))).toEqual({
    dataKeys: 3001,
    secrets: ['the plaintext'],
  })
  const names = await readdir(dataDir)
  // One that was killed when it had just finished is followed by another change: then two are retired.
  const [present, ...retired] = names.filter((name) => name.startsWith('secret.key')).sort()
  expect(present).toBe('secret.key')
  expect(retired.length).toBeGreaterThan(0)
  for (const name of retired) expect(name).toMatch(/^secret\.key\.retired-/)
  const { url, stop } = await start()
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  await stop()
})

test('the key of the settings is changed for the one in BERTH_SECRET_KEY_NEXT, and tokens go on working', async () => {
  const { apiToken, params } = await withSecret()
  const present = storedKey(dataDir)!
  await rm(path.join(dataDir, 'secret.key'))
  const next = Buffer.alloc(32, 5).toString('base64')
  const given = { ...environment(), BERTH_SECRET_KEY: present }
  expect(await run(['rotate-secret-key'], given)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Set BERTH_SECRET_KEY_NEXT to the new key'),
  })
  const done = await run(['rotate-secret-key'], { ...given, BERTH_SECRET_KEY_NEXT: next })
  expect(done).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Set BERTH_SECRET_KEY to the new key now'),
  })
  expect(done.stdout + done.stderr).not.toContain(next)
  expect(await readable(masterKey(next))).toEqual({ dataKeys: 1, secrets: ['the plaintext'] })

  await writeFile(path.join(dataDir, 'secret.key'), next)
  const { url, stop } = await start()
  const { items } = await clientAt(url, apiToken).call(api.secrets.list, { params })
  expect(items).toMatchObject([{ name: 'KEY', lost: false }])
  await stop()
})

test('a change that ended between the last value and the file of the key is completed by the next start', async () => {
  await withSecret()
  await command('rotate-secret-key')
  const retired = (await readdir(dataDir)).find((name) => name.includes('retired'))!
  await rename(path.join(dataDir, 'secret.key'), path.join(dataDir, 'secret.key.next'))
  await rename(path.join(dataDir, retired), path.join(dataDir, 'secret.key'))
  const { stop } = await start()
  await stop()
  expect((await readable(masterKey(storedKey(dataDir)!))).secrets).toEqual(['the plaintext'])
})

test('the key is not changed while Berth runs, and a start in the middle of a change says how to finish it', async () => {
  const { stop } = await start()
  expect(await command('rotate-secret-key')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^Berth runs on .* Stop every process of it first/),
  })
  await stop()
  await query(database.url, `update installation set next_key_check = 'something'`)
  expect(await command('start')).toMatchObject({
    code: 1,
    stderr: 'A change of the secret key was cut off. Finish it: npm run rotate-secret-key\n',
  })
})

test('without the key Berth refuses to start; given up, it starts with everything but the secrets, which are asked for anew', async () => {
  const { params, apiToken, email, password } = await withSecret()
  await rm(path.join(dataDir, 'secret.key'))
  const refused = await command('start')
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('npm run lost-secret-key') })
  expect(refused.stderr).toContain("is not the one that this database's secrets are sealed with")

  const asked = await command('lost-secret-key')
  expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('the secrets of organizations') })
  expect(await command('start')).toMatchObject({ code: 1 })
  expect(await command('lost-secret-key', '--yes')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Given up: 1 of the secrets of organizations'),
  })

  const { url, stop } = await start()
  const client = clientAt(url, apiToken)
  expect((await client.call(api.secrets.list, { params })).items).toMatchObject([{ name: 'KEY', lost: true }])
  const anew = await client.call(api.secrets.set, {
    params: { ...params, name: 'KEY' },
    body: { value: 'again' },
  })
  expect(anew).toMatchObject({ lost: false, version: 2 })
  const signIn = await fetch(`${url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ email, password }),
  })
  expect(signIn.status).toBe(200)
  await stop()
  const noted = `select payload from events where type = 'secret_key.lost'`
  expect(await query(database.url, noted)).toEqual([{ payload: { secrets: 1 } }])
  expect(await command('lost-secret-key', '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('nothing is lost, and nothing was given up'),
  })
})

test('a second machine with a key of its own is refused instead of sealing what nobody else can open', async () => {
  await withSecret()
  const other = await mkdtemp(path.join(tmpdir(), 'berth-key-'))
  try {
    const refused = await run(['start'], { ...environment(), BERTH_DATA_DIR: other })
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('all processes of one Berth share it'),
    })
  } finally {
    await rm(other, { recursive: true, force: true })
  }
})
