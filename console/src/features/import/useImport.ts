import { additionOf, api, fitOf, type Release } from '@berth/contracts'
import { type QueryClient, QueryObserver, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { call, createIdempotencyKeys } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { feed } from '../../stream/feed.ts'
import { releaseQuery } from '../deployments/page/queries.ts'
import { putDeployment } from '../lifecycle/live.ts'
import { type Importable, type Progress, valueOf } from './entries.ts'

/** How often a release is asked for while the stream cannot tell of it; ms. */
const askEveryMs = 3000

/** Imports entries one after the other, and tells how far each one came. */
export function useImport() {
  const queryClient = useQueryClient()
  const { id: organizationId } = useOrganization()
  const [progress, setProgress] = useState<ReadonlyMap<string, Progress>>(new Map())
  const [running, setRunning] = useState(false)
  const keys = useRef(new Map<string, ReturnType<typeof createIdempotencyKeys>>())
  useEffect(() => {
    if (!running) return undefined
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [running])

  const note = (entry: string, now: Progress) => setProgress((before) => new Map(before).set(entry, now))

  async function bring(
    workspaceId: string,
    one: Importable,
    answers: Record<string, string>,
  ): Promise<string> {
    const step = (words: string) => note(one.entry, { kind: 'working', step: words })
    const keyOf = keys.current.get(one.entry) ?? createIdempotencyKeys()
    keys.current.set(one.entry, keyOf)
    let { release, secrets, config } = one
    if (!release) {
      step('adding to the catalog')
      const body = additionOf(one.plan, one.egress)
      const added = await call(api.catalog.add, { body }, { idempotencyKey: keyOf(body) })
      step('installing and observing')
      release = await observed(queryClient, added.id)
      // The next try finds it in the catalog.
      void queryClient.invalidateQueries({ queryKey: ['catalog'] })
      // Without its secrets it may not even start; then it is observed when it is launched with them.
      if (release.observation === 'failed' && secrets.length === 0) throw new Error(notWorking(release))
      ;({ secrets, config } = fitOf(added, one.plan, one.egress) ?? { secrets, config })
    }
    const bindings: Record<string, string> = {}
    for (const secret of secrets) {
      step('storing its secrets')
      const params = { organizationId, workspaceId, name: secret.workspaceName }
      await call(api.secrets.set, { params, body: { value: valueOf(secret, one, answers) } })
      bindings[secret.name] = secret.workspaceName
    }
    step('launching')
    const { server, version } = release
    const body = { workspaceId, server, version, name: one.name, config, secrets: bindings }
    const deployment = await call(
      api.deployments.launch,
      { params: { organizationId }, body },
      { idempotencyKey: keyOf(body) },
    )
    putDeployment(queryClient, deployment)
    return deployment.id
  }

  async function run(
    workspaceId: string,
    entries: readonly Importable[],
    answers: Record<string, string>,
  ): Promise<void> {
    setRunning(true)
    for (const one of entries) note(one.entry, { kind: 'working', step: 'waiting' })
    for (const one of entries) {
      try {
        note(one.entry, { kind: 'done', deploymentId: await bring(workspaceId, one, answers) })
      } catch (error) {
        note(one.entry, { kind: 'failed', error })
      }
    }
    setRunning(false)
    void queryClient.invalidateQueries({ queryKey: ['secrets', organizationId, workspaceId] })
    void queryClient.invalidateQueries({ queryKey: ['import', organizationId, workspaceId] })
  }

  return { progress, running, run }
}

/** Waits until a release was observed, or could not be. */
function observed(queryClient: QueryClient, releaseId: string): Promise<Release> {
  const observer = new QueryObserver(queryClient, {
    ...releaseQuery(releaseId),
    staleTime: 0,
    refetchInterval: () => (feed.state().kind === 'live' ? false : askEveryMs),
  })
  return new Promise((resolve, reject) => {
    const leave = observer.subscribe(({ data, error }) => {
      if (error) reject(error)
      else if (data && data.observation !== 'pending') resolve(data)
      else return
      leave()
    })
  })
}

function notWorking({ server, version, observationReason }: Release): string {
  const reason = observationReason ?? 'no reason was given.'
  return `It is in the catalog now as ${server} ${version}, but does not work: ${reason}`
}
