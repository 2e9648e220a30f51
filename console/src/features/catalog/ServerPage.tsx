import type { Release } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { cx } from '../../ui/cx.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Inert } from '../../ui/Inert.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { serverQuery } from '../deployments/page/queries.ts'
import { observationMarks, releaseMarks } from './marks.ts'
import { ReleaseView } from './ReleaseView.tsx'

const here = '/console/catalog/$provider/$server' as const

/** One server of the catalog: its releases, and what the chosen one may do and shows. */
export function ServerPage() {
  const organization = useOrganization()
  const { provider, server } = useParams({ from: here })
  const search = useSearch({ from: here })
  const navigate = useNavigate({ from: here })
  const found = useQuery({
    ...serverQuery(`${provider}/${server}`),
    refetchInterval: useSnapshotInterval(),
  })
  const chosen =
    found.data?.releases.find(({ id }) => id === search.release) ??
    found.data?.releases.find(({ id }) => id === found.data.latestRelease?.id) ??
    found.data?.releases[0]
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`${found.data?.title || server} · Catalog · ${organization.name} · Berth`}</title>
      <p className="mb-0.5 text-xs text-ink-3">
        <Link to="/console/catalog" search={{ org: organization.slug }} className="hover:underline">
          Catalog
        </Link>{' '}
        / <span className="font-mono">{`${provider}/${server}`}</span>
      </p>
      <div className="mb-2 flex items-center gap-3">
        <h1 className="min-w-0 flex-1 truncate">{found.data?.title || found.data?.name || server}</h1>
        <Button
          look="primary"
          whyNot={
            whyNot(organization, 'deployments:write') ??
            (found.data && !found.data.latestRelease ? 'No release of it may be launched.' : null)
          }
          onClick={() =>
            void navigate({
              to: '/console/lifecycle',
              search: { org: organization.slug, launch: true, server: `${provider}/${server}` },
            })
          }
        >
          Launch it
        </Button>
      </div>
      {found.isError && <ErrorPanel {...factsOf(found.error)} onRetry={() => void found.refetch()} />}
      {found.isPending && <RowsSkeleton label="Loading the server" />}
      {found.data && (
        <>
          {found.data.description && (
            <p className="mb-3 max-w-[80ch] text-ink-2">
              <Inert text={found.data.description} />
            </p>
          )}
          <Panel title="Releases" note={String(found.data.releases.length)} flush>
            <Releases
              releases={found.data.releases}
              chosen={chosen?.id}
              onChoose={(release) => void navigate({ search: (before) => ({ ...before, release }) })}
            />
          </Panel>
          {chosen && <ReleaseView key={chosen.id} release={chosen} />}
        </>
      )}
    </main>
  )
}

const wide = 'hidden @2xl:table-cell'

function Releases(props: {
  releases: Release[]
  chosen: string | undefined
  onChoose: (id: string) => void
}) {
  return (
    <Table>
      <thead>
        <tr>
          <Th className="w-[34%] @2xl:w-[20%]">Version</Th>
          <Th className="w-[32%] @2xl:w-[18%]">State</Th>
          <Th className="w-[34%] @2xl:w-[20%]">Its surface</Th>
          <Th className={wide}>From</Th>
          <Th numeric className={`${wide} @2xl:w-[10%]`}>
            Added
          </Th>
        </tr>
      </thead>
      <tbody>
        {props.releases.map(({ id, version, state, observation, artifact, createdAt }) => (
          <tr
            key={id}
            aria-current={id === props.chosen || undefined}
            onClick={() => props.onChoose(id)}
            className={cx('group/row cursor-pointer', id === props.chosen ? 'bg-sel' : 'hover:bg-bg')}
          >
            <Td className={id === props.chosen ? 'shadow-[inset_2px_0_var(--accent)]' : ''}>
              <button
                type="button"
                onClick={(event) => {
                  event.stopPropagation()
                  props.onChoose(id)
                }}
                title={version}
                className="max-w-full truncate rounded-sm text-left align-middle font-mono font-semibold"
              >
                {version}
              </button>
            </Td>
            <Td>
              <StatusMark {...releaseMarks[state]} />
            </Td>
            <Td>
              <StatusMark {...observationMarks[observation]} />
            </Td>
            <Td className={wide}>{artifact.kind}</Td>
            <Td numeric className={`${wide} text-ink-3`}>
              <Time at={createdAt} />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
