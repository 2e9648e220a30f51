import type { Organization, Tier, Workspace } from '@berth/contracts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  signUp,
  startTestServer,
  type TestPerson,
  type TestServer,
} from '../../server/src/platform/testing/index.ts'
import { signedIn, type List, type Mcpctl } from './support.ts'

// Each step starts a process; a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000 })

let server: TestServer
let cli: Mcpctl
let colleague: TestPerson

beforeAll(async () => {
  server = await startTestServer()
  cli = await signedIn(server.url, await signUp(server))
  colleague = await signUp(server)
})

afterAll(async () => {
  await cli.close()
  await server.close()
})

describe('orgs', () => {
  it('are created, chosen, shown, listed and renamed', async () => {
    const created = await cli.json<Organization>(
      'orgs',
      'create',
      'Acme Works',
      '--time-zone',
      'Europe/Berlin',
    )
    expect(created).toMatchObject({ slug: 'acme-works', name: 'Acme Works', timeZone: 'Europe/Berlin' })
    expect(await cli.text('orgs', 'list')).toMatch(/acme-works +Acme Works +● active/)
    expect((await cli.json<Organization>('orgs', 'use', 'acme-works')).id).toBe(created.id)
    expect((await cli.json<Organization>('orgs', 'rename', 'Acme', '--slug', 'acme')).slug).toBe('acme')
    expect((await cli.json<Organization>('orgs', 'show')).name).toBe('Acme')
    expect((await cli.json<Organization>('orgs', 'show', 'acme-works')).id).toBe(created.id)
    const list = await cli.json<List<Organization>>('orgs', 'list')
    expect(list.items.map((one) => one.slug)).toContain('acme')
    expect(list.nextCursor).toBeNull()
  })

  it('have members who come, change roles and go', async () => {
    type Member = { id: string; email: string; role: string }
    const { email } = colleague
    expect(await cli.json('orgs', 'members', 'add', email, '--role', 'auditor')).toMatchObject({
      email,
      role: 'auditor',
    })
    expect(await cli.json('orgs', 'members', 'role', email, 'developer')).toMatchObject({ role: 'developer' })
    const members = await cli.json<List<Member>>('orgs', 'members')
    expect(members.items).toHaveLength(2)
    expect(await cli.json('orgs', 'members', 'list')).toEqual(members)
    expect((await cli.run(['orgs', 'members', 'remove', email])).code).toBe(2)
    const { id } = members.items.find((one) => one.email === email)!
    expect(await cli.json('orgs', 'members', 'remove', email, '--yes')).toEqual({ id, removed: true })
    expect((await cli.run(['orgs', 'members', 'remove', email, '--yes'])).code).toBe(1)
  })
})

describe('tiers', () => {
  it('are listed, created and changed', async () => {
    const tiers = await cli.json<{ items: Tier[] }>('tiers', 'list')
    expect(tiers.items.map((one) => one.code)).toEqual(
      expect.arrayContaining(['community', 'standard', 'regulated']),
    )
    const lab = await cli.json<Tier>('tiers', 'create', 'lab', '--sandbox', 'preferred', '--allow-local')
    expect(lab).toMatchObject({
      code: 'lab',
      sandbox: 'preferred',
      allowLocal: true,
      regions: [],
      checkEveryCall: false,
    })
    const changed = await cli.json<Tier>(
      'tiers',
      'update',
      'lab',
      '--check-every-call',
      '--region',
      'local',
      '--name',
      'Lab',
    )
    expect(changed).toMatchObject({ name: 'Lab', regions: ['local'], checkEveryCall: true, allowLocal: true })
    expect(
      (await cli.json<Tier>('tiers', 'update', 'lab', '--any-region', '--no-check-every-call')).regions,
    ).toEqual([])
    expect((await cli.run(['tiers', 'update', 'lab'])).code).toBe(2)
  })
})

describe('workspaces', () => {
  it('are created, changed, archived, restored and chosen', async () => {
    const created = await cli.json<Workspace>('workspaces', 'create', 'Support desk', '--tier', 'lab')
    expect(created).toMatchObject({ key: 'support-desk', tier: 'lab', region: 'local' })
    const updated = await cli.json<Workspace>('workspaces', 'update', 'support-desk', '--key', 'desk')
    expect(updated).toMatchObject({ id: created.id, key: 'desk' })
    expect(await cli.json('workspaces', 'update', 'desk', '--region', 'eu-west-1')).toMatchObject({
      region: 'eu-west-1',
    })
    expect((await cli.json<Workspace>('workspaces', 'archive', 'desk', '--yes')).state).toBe('archived')
    const archived = await cli.json<List<Workspace>>('workspaces', 'list', '--state', 'archived')
    expect(archived.items.map((one) => one.key)).toEqual(['desk'])
    expect((await cli.json<Workspace>('workspaces', 'restore', 'desk')).state).toBe('active')
    expect((await cli.json<Workspace>('workspaces', 'show', 'desk')).id).toBe(created.id)
    expect((await cli.json<Workspace>('workspaces', 'use', 'desk')).id).toBe(created.id)
    expect(await cli.text('workspaces', 'list')).toMatch(/desk +Support desk +● active +lab/)
    expect((await cli.run(['workspaces', 'show', 'nowhere'])).code).toBe(1)
  })
})
