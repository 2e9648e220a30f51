import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Moment } from '@berth/contracts'
import { newId } from '../platform/ids.ts'
import { openTestPlatform, seedDeployment, seedRunner } from '../platform/testing/index.ts'
import { capabilityGate } from '../runtime/gate.ts'
import { acceptSurface, getTrust } from '../trust/service.ts'
import { createPolicy } from './service.ts'
import { admitted, changed, openPolicyKit, type PolicyKit } from './test-kit.ts'

let kit: PolicyKit

beforeAll(async () => {
  kit = await openPolicyKit()
})
afterAll(() => kit.close())
beforeEach(() => kit.use())

describe('trust', () => {
  test('lets a first launch begin, and what runs go on only once bytes and surface were seen', async () => {
    expect(await kit.look('launch')).toMatchObject({ allowed: true })
    expect(await kit.look('running')).toMatchObject({ verdict: 'hold', pendingStatus: 'pending-attestation' })
    await kit.checkArtifact()
    expect((await kit.look('running')).notes).toContain('trust:surface:not-yet')
    await kit.show(admitted)
    expect(await kit.look('running')).toMatchObject({ allowed: true })
  })

  test('holds a surface that differs by one character, with the difference, until a person accepts it', async () => {
    await kit.checkArtifact()
    const drift = await kit.show(changed)
    expect(drift).toMatchObject([{ name: 'forecast', change: 'changed' }])
    const held = await kit.decide('running')
    expect(held).toMatchObject({ verdict: 'hold', pendingStatus: 'pending-remediation' })
    expect(held.notes).toContain('trust:drift:1')
    await kit.platform.change((tx) => acceptSurface(tx, kit.deployment, changed.hash))
    expect(await kit.decide('running')).toMatchObject({ allowed: true })
    expect(await kit.show(changed)).toEqual([])
    expect(await kit.show(admitted)).toEqual([])
    expect(await getTrust(kit.platform.db, kit.deployment.organizationId, kit.deployment.id)).toMatchObject({
      admittedHash: admitted.hash,
      acceptedHash: changed.hash,
      acceptedBy: 'test',
    })
  })

  test('tells a drift once, however often the same surface is seen', async () => {
    for (let i = 0; i < 3; i++) await kit.show(changed)
    const [event, ...others] = await kit.eventsOf('surface.drifted')
    expect(others).toEqual([])
    expect(event!.payload).toMatchObject({ admittedHash: admitted.hash, liveHash: changed.hash })
    expect(event!.payload['differences']).toMatchObject([{ kind: 'tool', name: 'forecast' }])
  })

  test('accepts nothing but the surface that is live', async () => {
    const accept = (hash: string) => kit.platform.change((tx) => acceptSurface(tx, kit.deployment, hash))
    await expect(accept(changed.hash)).rejects.toMatchObject({ code: 'invalid_state' })
    await kit.show(changed)
    await expect(accept(admitted.hash)).rejects.toMatchObject({ code: 'version_conflict' })
    await kit.show(admitted)
    await expect(accept(admitted.hash)).rejects.toMatchObject({ code: 'invalid_state' })
    expect(await kit.eventsOf('surface.accepted')).toEqual([])
  })

  test('holds a surface for which nothing was admitted', async () => {
    await kit.checkArtifact()
    expect(await kit.show(changed, null)).toBeNull()
    expect((await kit.look('running')).notes).toContain('trust:surface:unadmitted')
    await kit.platform.change((tx) => acceptSurface(tx, kit.deployment, changed.hash))
    expect(await kit.look('running')).toMatchObject({ allowed: true })
  })

  test('vetoes bytes that are not the admitted ones, and checks again after a restart', async () => {
    await kit.checkArtifact({ ok: false, digest: null, detail: 'index.js was changed.' })
    for (const moment of ['launch', 'relaunch', 'running', 'call'] as const) {
      expect((await kit.look(moment)).verdict, moment).toBe('veto')
    }
    await kit.set({ generation: 2 })
    expect(await kit.look('relaunch')).toMatchObject({ allowed: true })
  })

  test('bytes that cannot be checked hold launches at once, and what runs after ten minutes', async () => {
    await kit.show(admitted)
    await kit.checkArtifact({ ok: null, digest: null, detail: 'The disk does not answer.' })
    expect((await kit.look('relaunch')).verdict).toBe('hold')
    expect((await kit.look('running')).verdict).toBe('pass')
    kit.clock.advance(10 * 60_000)
    expect((await kit.look('running')).verdict).toBe('hold')
  })

  test('facts of another release do not speak for this one', async () => {
    await kit.checkArtifact()
    await kit.show(admitted)
    const other = await seedDeployment(kit.platform.db, { organizationId: kit.deployment.organizationId })
    await kit.platform.db
      .updateTable('deployments')
      .set({ releaseId: other.releaseId })
      .where('id', '=', kit.deployment.id)
      .execute()
    expect((await kit.look('running')).notes).toEqual(
      expect.arrayContaining(['trust:artifact:not-yet', 'trust:surface:not-yet']),
    )
  })

  test('a yanked release is not launched anew, a blocked one runs nowhere', async () => {
    await kit.checkArtifact()
    await kit.show(admitted)
    await kit.setRelease('yanked')
    const moments = ['launch', 'relaunch', 'running', 'call'] as const
    const verdicts = async () => Promise.all(moments.map(async (moment) => (await kit.look(moment)).verdict))
    expect(await verdicts()).toEqual(['hold', 'pass', 'pass', 'pass'])
    await kit.setRelease('blocked')
    expect(await verdicts()).toEqual(['veto', 'veto', 'veto', 'veto'])
  })

  test('a quarantined deployment is held', async () => {
    await kit.set({ quarantined: true })
    expect((await kit.look('launch')).notes).toContain('trust:lifecycle:quarantined')
  })
})

describe('capability', () => {
  const none = [{ name: 'sandbox', ok: false, sentence: 'bubblewrap is not installed.' }]

  test('a tier that requires a sandbox is held where there is none, one that prefers it is told', async () => {
    const runnerId = await seedRunner(kit.platform.db, { capabilities: none })
    await kit.use({ tier: 'standard', runnerId })
    const held = await kit.look('launch')
    expect(held).toMatchObject({ verdict: 'hold', pendingStatus: 'pending-capacity' })
    expect(held.notes).toContain('capability:sandbox:missing')
    await kit.use({ tier: 'community', runnerId })
    const passed = await kit.look('launch')
    expect(passed.allowed).toBe(true)
    expect(passed.notes).toContain('capability:sandbox:missing')
  })

  test('where it has no home yet, any live runner with a sandbox will do', async () => {
    await seedRunner(kit.platform.db, { capabilities: none })
    await kit.use({ tier: 'standard', runnerId: null })
    expect((await kit.look('launch')).notes).toContain('capability:sandbox:present')
  })

  test('a server from a folder runs only where the tier allows it', async () => {
    const artifact = { kind: 'local', path: '/srv/mine', command: ['node', 'server.js'] } as const
    await kit.use({ artifact: { ...artifact, command: [...artifact.command] }, tier: 'standard' })
    expect(await kit.look('launch')).toMatchObject({ verdict: 'veto' })
    expect((await kit.look('launch')).notes).toContain('capability:local:tier')
    await kit.use({ artifact: { ...artifact, command: [...artifact.command] }, tier: 'community' })
    expect((await kit.look('launch')).allowed).toBe(true)
  })

  test('a remote server needs no sandbox, and has no bytes to check', async () => {
    await kit.use({ artifact: { kind: 'remote', url: 'https://example.com/mcp' }, tier: 'regulated' })
    await kit.show(admitted)
    const judgement = await kit.look('running')
    expect(judgement.allowed).toBe(true)
    expect(judgement.notes).toContain('capability:sandbox:remote')
  })

  test('without a live runner launches wait, and what runs has half a minute', async () => {
    const gone = await openTestPlatform({ clock: kit.clock })
    try {
      const seeded = await seedDeployment(gone.db)
      const question = { organizationId: seeded.organizationId, deploymentId: seeded.id }
      const aliveUntil = new Date(kit.clock.now().getTime() - 20_000)
      await seedRunner(gone.db, { aliveUntil })
      const capability = createPolicy([capabilityGate])
      const at = async (moment: Moment, ms: number) =>
        (await capability.judge(gone.db, { ...question, moment }, new Date(kit.clock.now().getTime() + ms)))
          .verdict
      expect(await at('launch', 0)).toBe('hold')
      expect(await at('running', 0)).toBe('pass')
      expect(await at('running', 11_000)).toBe('hold')
    } finally {
      await gone.close()
    }
  })
})

describe('a decision that is kept', () => {
  test('is told in the log with the digest of its inputs, explained in words, and the same when taken again', async () => {
    await kit.set({ quarantined: true })
    const decision = await kit.decide('launch')
    const [event] = await kit.eventsOf('decision.made')
    expect(event!.payload).toMatchObject({
      decisionId: decision.id,
      allowed: false,
      pendingStatus: 'pending-remediation',
      inputsDigest: decision.inputsDigest,
    })
    const explained = await kit.policy.explain(kit.platform.db, kit.deployment.organizationId, decision.id)
    expect(explained.sentences[0]).toContain('The launch was held (pending-remediation) by the gate trust')
    expect(explained.sentences.join('\n')).toContain(
      'trust (hold): The deployment is in quarantine. It resumes by itself',
    )
    expect(await kit.policy.replay(kit.platform.db, kit.deployment.organizationId, decision.id)).toEqual({
      same: true,
      inputsIntact: true,
      gates: decision.gates,
    })
  })

  test('shows by its digest that its inputs were tampered with', async () => {
    const decision = await kit.decide('launch')
    const { inputs } = await kit.policy.explain(kit.platform.db, kit.deployment.organizationId, decision.id)
    const facts = structuredClone(inputs['facts']) as Record<
      string,
      Record<string, { value: { active: boolean } }>
    >
    facts['trust']!['quarantine']!.value.active = true
    await kit.platform.db
      .updateTable('decisions')
      .set({ inputs: JSON.stringify({ ...inputs, facts }) })
      .where('id', '=', decision.id)
      .execute()
    expect(
      await kit.policy.replay(kit.platform.db, kit.deployment.organizationId, decision.id),
    ).toMatchObject({
      same: false,
      inputsIntact: false,
    })
  })

  test('is made for every launch that goes ahead, and otherwise only when something changed', async () => {
    await kit.set({ quarantined: true })
    const held = await kit.decide('launch')
    expect((await kit.decide('launch')).id).toBe(held.id)
    await kit.set({ quarantined: false })
    const [first, second] = [await kit.decide('launch'), await kit.decide('relaunch')]
    expect(second.id).not.toBe(first.id)
    await kit.checkArtifact()
    await kit.show(admitted)
    const running = await kit.decide('running')
    kit.clock.advance(60_000)
    expect((await kit.decide('running')).id).toBe(running.id)
    expect(await kit.eventsOf('decision.made')).toHaveLength(4)
  })

  test('is seen by its organization only', async () => {
    const decision = await kit.decide('launch')
    const stranger = newId('organization')
    await expect(kit.policy.explain(kit.platform.db, stranger, decision.id)).rejects.toMatchObject({
      code: 'not_found',
    })
    const question = { organizationId: stranger, deploymentId: kit.deployment.id, moment: 'launch' } as const
    await expect(kit.policy.judge(kit.platform.db, question, kit.clock.now())).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  test('is not seen with a token bound to another workspace or deployment', async () => {
    const { id, organizationId, workspaceId } = kit.deployment
    const decision = await kit.decide('launch')
    const explain = (reach: { workspaceId: string | null; deploymentIds: string[] | null }) =>
      kit.policy.explain(kit.platform.db, organizationId, decision.id, reach)
    expect((await explain({ workspaceId, deploymentIds: [id] })).id).toBe(decision.id)
    for (const reach of [
      { workspaceId: 'wsp_other', deploymentIds: null },
      { workspaceId, deploymentIds: ['dep_other'] },
    ]) {
      await expect(explain(reach)).rejects.toMatchObject({ code: 'not_found' })
    }
  })

  test('takes facts that only the caller knows in place of the stored ones', async () => {
    const question = {
      organizationId: kit.deployment.organizationId,
      deploymentId: kit.deployment.id,
      moment: 'launch',
    } as const
    const extraFacts = { trust: { quarantine: { state: 'known', value: { active: true } } } } as const
    const judgement = await kit.policy.judge(kit.platform.db, { ...question, extraFacts }, kit.clock.now())
    expect(judgement.notes).toContain('trust:lifecycle:quarantined')
  })
})
