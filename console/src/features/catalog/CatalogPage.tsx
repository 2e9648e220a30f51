import type { CatalogServer, Release } from '@berth/contracts'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Library, SearchX } from 'lucide-react'
import { lazy, Suspense, useMemo, useRef } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { moreOf, useRows } from '../../app/lists.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useMe, useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'
import { SearchBox } from '../../ui/SearchBox.tsx'
import { type Mark, StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import { type Column, VirtualTable } from '../../ui/VirtualTable.tsx'
import { observationMarks, operatorsOnly, releaseMarks } from './marks.ts'
import { catalogPagesQuery } from './queries.ts'

const AddServer = lazy(async () => ({ default: (await import('./AddServer.tsx')).AddServer }))

/** Every server that can be launched, and the way to add one. */
export function CatalogPage() {
  const me = useMe()
  const organization = useOrganization()
  const { q = '', add } = useSearch({ from: '/console/catalog' })
  const navigate = useNavigate({ from: '/console/catalog' })
  const searchBox = useRef<HTMLInputElement>(null)
  const refused = operatorsOnly(me)
  const servers = useInfiniteQuery({
    ...catalogPagesQuery(q.trim()),
    refetchInterval: useSnapshotInterval(),
    placeholderData: keepPreviousData,
  })
  const all = useRows(servers.data)
  const find = (text: string) =>
    void navigate({ search: (before) => ({ ...before, q: text || undefined }), replace: true })
  const watchObservation = ({ id, server: ref }: Release) => {
    const [provider = '', server = ''] = ref.split('/')
    return navigate({
      to: '/console/catalog/$provider/$server',
      params: { provider, server },
      search: (before) => ({ org: before.org, release: id }),
    })
  }
  const open = (wanted: true | undefined) =>
    void navigate({ search: (before) => ({ ...before, add: wanted }), replace: !wanted })
  usePageActions(
    useMemo(
      (): Action[] => [
        {
          id: 'add',
          label: 'Add a server to the catalog',
          key: 'a',
          whyNot: refused,
          run: () => void navigate({ search: (before) => ({ ...before, add: true }) }),
        },
        { id: 'find', label: 'Search the catalog', key: '/', run: () => searchBox.current?.focus() },
      ],
      [navigate, refused],
    ),
  )
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`Catalog · ${organization.name} · Berth`}</title>
      <div className="mb-3 flex items-center gap-3">
        <h1 className="flex-1">Catalog</h1>
        <Button look="primary" whyNot={refused} onClick={() => open(true)}>
          Add a server
        </Button>
      </div>
      <div className="mb-3 flex items-center gap-2">
        <SearchBox ref={searchBox} label="Search the catalog" value={q} onChange={find} />
        <span className="flex-1" />
        {servers.data && (
          <span role="status" className="text-xs text-ink-3">
            {all.length.toLocaleString('en')}
            {servers.hasNextPage && '+'} {all.length === 1 ? 'server' : 'servers'}
          </span>
        )}
      </div>
      {servers.isError && <ErrorPanel {...factsOf(servers.error)} onRetry={() => void servers.refetch()} />}
      {servers.isPending && (
        <div className="rounded-lg border border-line bg-panel">
          <RowsSkeleton label="Loading the catalog" rows={8} />
        </div>
      )}
      {servers.data && all.length === 0 && q && (
        <EmptyState
          icon={<SearchX className="size-6" />}
          title={`No server matches “${q}”`}
          action={<Button onClick={() => find('')}>Clear filters</Button>}
        >
          Names, titles and descriptions were searched.
        </EmptyState>
      )}
      {servers.data && all.length === 0 && !q && (
        <EmptyState
          icon={<Library className="size-6" />}
          title="The catalog is empty"
          action={
            <Button whyNot={refused} onClick={() => open(true)}>
              Add the first server
            </Button>
          }
        >
          What is in the catalog can be launched by every organization here: packages of npm, servers that run
          elsewhere, and folders of this machine.
        </EmptyState>
      )}
      {all.length > 0 && (
        <div className="overflow-clip rounded-lg border border-line bg-panel">
          <VirtualTable label="Servers" columns={columns} rows={all} rowId={idOf} more={moreOf(servers)} />
        </div>
      )}
      <Suspense>
        {add && !refused && <AddServer onClose={() => open(undefined)} onAdded={watchObservation} />}
      </Suspense>
    </main>
  )
}

const wide = 'hidden @2xl:table-cell'
const idOf = ({ id }: CatalogServer) => id

const columns: Column<CatalogServer>[] = [
  {
    id: 'server',
    header: 'Server',
    className: 'w-[66%] @2xl:w-[33%]',
    title: ({ provider, slug }) => `${provider.slug}/${slug}`,
    cell: ({ provider, slug, title, name }) => (
      <>
        <Link
          to="/console/catalog/$provider/$server"
          params={{ provider: provider.slug, server: slug }}
          search={({ org }) => ({ org })}
          className="rounded-sm font-semibold hover:underline"
        >
          {title || name}
        </Link>{' '}
        <span className="font-mono text-[11.5px] text-ink-3">
          {provider.slug}/{slug}
        </span>
      </>
    ),
  },
  {
    id: 'description',
    header: 'What it says of itself',
    className: wide,
    cellClassName: 'text-ink-2',
    title: ({ description }) => description,
    cell: ({ description }) => description || '–',
  },
  {
    id: 'from',
    header: 'From',
    className: `${wide} @2xl:w-[7%]`,
    cell: ({ latestRelease }) => latestRelease?.artifact.kind ?? '–',
  },
  {
    id: 'release',
    header: 'Release',
    className: `${wide} @2xl:w-[11%]`,
    cellClassName: 'font-mono',
    cell: ({ latestRelease }) => latestRelease?.version ?? '–',
  },
  {
    id: 'state',
    header: 'State',
    className: 'w-[34%] @2xl:w-[12%]',
    cell: ({ latestRelease }) => <StatusMark {...stateMark(latestRelease)} />,
  },
  {
    id: 'added',
    header: 'Added',
    numeric: true,
    className: `${wide} @2xl:w-[8%]`,
    cellClassName: 'text-ink-3',
    cell: ({ latestRelease }) => (latestRelease ? <Time at={latestRelease.createdAt} /> : '–'),
  },
]

function stateMark(release: CatalogServer['latestRelease']): Mark {
  if (!release) return { tone: 'idle', shape: 'none', word: 'no release' }
  return release.state === 'admitted' ? observationMarks[release.observation] : releaseMarks[release.state]
}
