import type { CatalogServer } from '@berth/contracts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Library } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { type Membership, useMe } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Inert } from '../../ui/Inert.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'
import { operatorsOnly } from '../catalog/marks.ts'
import { catalogQuery } from '../deployments/launchQueries.ts'
import { linkLook } from '../identity/WayIn.tsx'

const LaunchDialog = lazy(async () => ({
  default: (await import('../deployments/LaunchDialog.tsx')).LaunchDialog,
}))
const AddServer = lazy(async () => ({ default: (await import('../catalog/AddServer.tsx')).AddServer }))

/** So many are offered; all others stand in the form. */
const shown = 5

/** Servers to begin with, and how to bring one that is not among them. */
export function ServerChoice({
  organization,
  refused,
}: {
  organization: Membership
  refused: string | null
}) {
  const me = useMe()
  const { launch, add } = useSearch({ from: '/onboarding' })
  const navigate = useNavigate({ from: '/onboarding' })
  const queryClient = useQueryClient()
  const catalog = useQuery({ ...catalogQuery, refetchInterval: useSnapshotInterval() })
  const mayNotAdd = operatorsOnly(me)
  const servers = (catalog.data?.items ?? [])
    .filter(({ latestRelease }) => latestRelease)
    .toSorted(byFamiliarity)
  const open = (change: { launch?: string | undefined; add?: true | undefined }) =>
    void navigate({ search: ({ step, org, another }) => ({ step, org, another, ...change }) })
  return (
    <>
      {catalog.isError && <ErrorPanel {...factsOf(catalog.error)} onRetry={() => void catalog.refetch()} />}
      {catalog.isPending && (
        <div className="rounded-lg border border-line bg-panel">
          <RowsSkeleton label="Loading the catalog" rows={4} />
        </div>
      )}
      {catalog.data && servers.length === 0 && (
        <EmptyState icon={<Library className="size-6" />} title="The catalog is empty">
          An operator of this installation adds what can be launched.
        </EmptyState>
      )}
      {servers.length > 0 && (
        <ul
          aria-label="Servers to begin with"
          className="overflow-clip rounded-lg border border-line bg-panel"
        >
          {servers.slice(0, shown).map((server) => (
            <Offer
              key={server.id}
              server={server}
              refused={refused}
              onLaunch={() => open({ launch: refOf(server) })}
            />
          ))}
          {servers.length > shown && (
            <li className="flex min-h-10 flex-wrap items-center gap-3 px-3 py-1.5 text-xs text-ink-3">
              <span className="min-w-0 flex-1">
                {servers.length - shown} more {servers.length - shown === 1 ? 'is' : 'are'} in the catalog.
              </span>
              <Button whyNot={refused} onClick={() => open({ launch: 'any' })}>
                Choose from all…
              </Button>
            </li>
          )}
        </ul>
      )}
      <section aria-label="A server of your own" className="mt-4">
        <h2>Not among them?</h2>
        <p className="mt-0.5 mb-2.5 max-w-[75ch] text-ink-2">
          An npm package, a server that runs elsewhere, or a folder of this machine can be added to the
          catalog. {mayNotAdd} Servers that your MCP client knows come along when you{' '}
          <Link to="/console/import" search={{ org: organization.slug }} className={linkLook}>
            import its settings
          </Link>
          .
        </p>
        <Button whyNot={mayNotAdd} onClick={() => open({ add: true })}>
          Add a server…
        </Button>
      </section>
      <Suspense>
        {launch && !refused && (
          <LaunchDialog
            workspaceKey={undefined}
            serverRef={launch}
            tier="community"
            onClose={() => open({})}
            onLaunched={async (deployment) => {
              await queryClient.invalidateQueries({ queryKey: ['onboarding'] })
              await navigate({ search: ({ step, org }) => ({ step, org, deployment }), replace: true })
            }}
          />
        )}
        {add && !mayNotAdd && (
          <AddServer onClose={() => open({})} onAdded={({ server }) => open({ launch: server })} />
        )}
      </Suspense>
    </>
  )
}

function Offer(props: { server: CatalogServer; refused: string | null; onLaunch: () => void }) {
  const { server, refused, onLaunch } = props
  const { title, name, description, latestRelease } = server
  return (
    <li className="flex items-center gap-3 border-b border-line-soft px-3 py-2 last:border-0">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <b className="font-semibold">{title || name}</b>
          <span className="font-mono text-2xs text-ink-3">
            {refOf(server)} {latestRelease!.version}
          </span>
        </p>
        {description && (
          <p className="line-clamp-2 text-xs text-ink-2">
            <Inert text={description} />
          </p>
        )}
      </div>
      <Button aria-label={`Launch ${title || name}`} whyNot={refused} onClick={onLaunch}>
        Launch…
      </Button>
    </li>
  )
}

const refOf = ({ provider, slug }: CatalogServer) => `${provider.slug}/${slug}`

/** Those first that come with Berth, and last what could not be observed. */
function byFamiliarity(a: CatalogServer, b: CatalogServer): number {
  const rank = ({ provider, latestRelease }: CatalogServer) =>
    (latestRelease!.observation === 'failed' ? 2 : 0) + (provider.slug === 'reference' ? 0 : 1)
  return rank(a) - rank(b) || refOf(a).localeCompare(refOf(b))
}
