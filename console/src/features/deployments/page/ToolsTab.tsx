import type { Deployment } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Wrench } from 'lucide-react'
import { useState } from 'react'
import { factsOf } from '../../../api/client.ts'
import { useSnapshotInterval } from '../../../app/live.ts'
import { useOrganization, whyNot } from '../../../app/session.ts'
import { cx } from '../../../ui/cx.ts'
import { EmptyState } from '../../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../../ui/ErrorPanel.tsx'
import { Inert } from '../../../ui/Inert.tsx'
import { RowsSkeleton } from '../../../ui/Panel.tsx'
import { Playground, type Tool } from './Playground.tsx'
import { toolsQuery } from './queries.ts'

const here = '/console/deployments/$deploymentId' as const

/** The tools that the server lists to whoever looks, and a place to try one. */
export function ToolsTab({ deployment }: { deployment: Deployment }) {
  const organization = useOrganization()
  const { play } = useSearch({ from: here })
  const navigate = useNavigate({ from: here })
  const [wanted, setWanted] = useState('')
  const refused = whyNot(organization, 'tools:call')
  const running = deployment.phase === 'running' && !deployment.hold
  const answer = useQuery({
    ...toolsQuery(organization.id, deployment.id),
    enabled: running && !refused,
    refetchInterval: useSnapshotInterval(),
  })
  if (refused) return <p className="text-ink-3">{refused}</p>
  if (!running)
    return (
      <EmptyState icon={<Wrench className="size-6" />} title="Its tools cannot be tried now">
        {deployment.hold
          ? 'It is held, so every call is refused; the tab Overview says why. What it showed when it was admitted is on the tab Surface.'
          : 'Tools are listed by a running server, and this one does not run. What it showed when it was admitted is on the tab Surface.'}
      </EmptyState>
    )
  const tools = (answer.data?.tools ?? []) as unknown as Tool[]
  const shown = tools.filter(({ name }) => name.toLowerCase().includes(wanted.trim().toLowerCase()))
  const chosen = tools.find(({ name }) => name === play) ?? tools[0]
  return (
    <>
      {answer.isError && <ErrorPanel {...factsOf(answer.error)} onRetry={() => void answer.refetch()} />}
      {answer.isPending && <RowsSkeleton label="Loading the tools" />}
      {answer.data && tools.length === 0 && (
        <EmptyState icon={<Wrench className="size-6" />} title="It lists no tools to you">
          A server may offer only prompts and resources; those stand on the tab Surface.
        </EmptyState>
      )}
      {chosen && (
        <div className="grid items-start gap-4 @3xl:grid-cols-[240px_minmax(0,1fr)]">
          <nav aria-label="Tools" className="rounded-lg border border-line bg-panel p-1.5">
            <input
              type="search"
              aria-label="Find a tool"
              placeholder={`Find in ${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}`}
              value={wanted}
              onChange={(event) => setWanted(event.target.value)}
              className="mb-1 h-[26px] w-full rounded-md border border-line bg-panel px-2 text-xs"
            />
            <ul className="max-h-56 overflow-y-auto @3xl:max-h-[calc(100dvh-260px)]">
              {shown.map(({ name }) => (
                <li key={name}>
                  <button
                    type="button"
                    title={name}
                    aria-current={name === chosen.name || undefined}
                    onClick={() =>
                      void navigate({ search: (before) => ({ ...before, play: name }), replace: true })
                    }
                    className={cx(
                      'h-8 w-full truncate rounded-sm px-2 text-left font-mono text-xs outline-offset-[-2px]',
                      name === chosen.name ? 'bg-accent-bg font-semibold text-accent' : 'hover:bg-bg',
                    )}
                  >
                    <Inert text={name} />
                  </button>
                </li>
              ))}
              {shown.length === 0 && (
                <li className="px-2 py-1 text-xs text-ink-3">No tool is called that.</li>
              )}
            </ul>
          </nav>
          <Playground key={chosen.name} deployment={deployment} tool={chosen} />
        </div>
      )}
    </>
  )
}
