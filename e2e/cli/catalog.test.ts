import type { CatalogServer, Release } from '@berth/contracts'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { signUp, startTestServer, type TestServer } from '../../server/src/platform/testing/index.ts'
import { fixtures, signedIn, typed, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let server: TestServer
let cli: Mcpctl

beforeAll(async () => {
  server = await startTestServer()
  cli = await signedIn(server.url, await signUp(server))
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

const releasesOf = async (name: string) =>
  (await cli.json<CatalogServer & { releases: Release[] }>('catalog', 'show', name)).releases

it('a release is yanked, admitted again and blocked for good, each with the reason in the log', async () => {
  const args = typed`--json catalog add --local ${fixtures} --name echo -- node echo.mjs`
  const { id, server: name, version } = JSON.parse((await cli.run(args)).stdout) as Release
  const named = `${name}@${version}`

  expect(await cli.run(['catalog', 'yank', named])).toMatchObject({ code: 2 })
  const yanked = await cli.json<Release>('catalog', 'yank', named, '--reason', 'A newer one replaces it.')
  expect(yanked).toMatchObject({ id, state: 'yanked' })
  expect(await cli.run(['catalog', 'yank', named, '--reason', 'twice'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Only an admitted release can be yanked.'),
  })
  expect(await cli.json('catalog', 'admit', id, '--reason', 'It does not.')).toMatchObject({
    state: 'admitted',
  })

  // Nobody is there to be asked.
  expect((await cli.run(['catalog', 'block', named, '--reason', 'It leaks.'])).code).not.toBe(0)
  const block = await cli.run(['catalog', 'block', named, '--reason', 'It leaks.', '--yes'])
  expect(block).toMatchObject({ code: 0, stderr: expect.stringContaining('is blocked') })
  expect(await releasesOf(name)).toMatchObject([{ id, state: 'blocked' }])
  expect(await cli.run(['catalog', 'admit', named, '--reason', 'sorry'])).toMatchObject({ code: 1 })
  expect(await cli.run(['catalog', 'observe', named])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('it may not run anywhere'),
  })

  const { db } = server.berth.platform
  const events = await db
    .selectFrom('events')
    .select('payload')
    .where('type', '=', 'release.state_changed')
    .orderBy('seq')
    .execute()
  expect(events.map(({ payload }) => (payload as { current: string }).current)).toEqual([
    'yanked',
    'admitted',
    'blocked',
  ])
})

it('a release that could not be observed is tried again', async () => {
  await cli.run(typed`catalog add --local ${fixtures} --name broken -- node misbehaving.mjs exit-at-start`)
  const [release] = await releasesOf('local/broken')
  const named = `${release!.server}@${release!.version}`
  const result = await cli.run(['catalog', 'observe', named])
  expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('could not be observed') })
  const { runId } = await cli.json<{ runId: string }>('catalog', 'observe', named, '--no-wait')
  expect(runId).toMatch(/^run_/)
})

it('what names no release is told apart from one that is not there', async () => {
  for (const named of ['reference/everything', 'reference/everything@', '@1.0.0', 'everything@1.0.0'])
    expect([named, (await cli.run(['catalog', 'observe', named])).code]).toEqual([named, 2])
  expect(await cli.run(['catalog', 'observe', 'reference/everything@0.0.0'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has no release 0.0.0'),
  })
})
