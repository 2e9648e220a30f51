import { api, type QuotaHold } from '@berth/contracts'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useRows } from '../../app/lists.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { spanOf, Time, useNow } from '../../ui/Time.tsx'
import { sayDone, sayFailed } from '../../ui/Toast.tsx'
import { actorName } from '../audit/actorName.ts'
import { peopleQuery } from '../lifecycle/queries.ts'
import { holdsQuery } from './queries.ts'
import { heldOf, holdMarks, momentOf } from './words.ts'

const ConfirmDialog = lazy(async () => ({
  default: (await import('./ConfirmHoldDialog.tsx')).ConfirmHoldDialog,
}))

const wide = 'hidden @2xl:table-cell'

/** Quota that is reserved, then what was; nothing where there never was any. */
export function Holds(props: {
  organizationId: string
  timeZone: string
  refused: string | null
  /** The hold that is about to be confirmed. */
  asked: string | undefined
  onAsk: (holdId: string | undefined) => void
}) {
  const { organizationId, timeZone, refused, asked, onAsk } = props
  const query = useInfiniteQuery({ ...holdsQuery(organizationId), refetchInterval: useSnapshotInterval() })
  const rows = useRows(query.data)
  if (rows.length === 0 && !query.isError) return null
  const open = rows.find(({ id, state }) => id === asked && state === 'held')
  return (
    <Panel flush title="Reserved" note="held for what takes a while, and counted once it is confirmed">
      {query.isError && (
        <div className="p-3">
          <ErrorPanel {...factsOf(query.error)} onRetry={() => void query.refetch()} />
        </div>
      )}
      {rows.length > 0 && (
        <Table>
          <thead>
            <tr>
              <Th>Quota</Th>
              <Th className={`${wide} w-[22%]`}>By</Th>
              <Th className={`${wide} w-[14%]`}>Reserved</Th>
              <Th className="w-[20%] @2xl:w-[14%]">Ends</Th>
              <Th numeric className="w-[48%] @2xl:w-[24%]">
                <span className="sr-only">State, or what can be done</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {rows.map((hold) => (
              <Row key={hold.id} {...{ hold, organizationId, timeZone, refused }} onAsk={onAsk} />
            ))}
          </tbody>
        </Table>
      )}
      {query.hasNextPage && (
        <div className="border-t border-line-soft p-2">
          <Button pending={query.isFetchingNextPage && 'Loading…'} onClick={() => void query.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
      <Suspense>
        {open && !refused && (
          <ConfirmDialog
            key={open.id}
            organizationId={organizationId}
            hold={open}
            onClose={() => onAsk(undefined)}
          />
        )}
      </Suspense>
    </Panel>
  )
}

function Row(props: {
  hold: QuotaHold
  organizationId: string
  timeZone: string
  refused: string | null
  onAsk: (holdId: string) => void
}) {
  const { hold, organizationId, timeZone, refused, onAsk } = props
  const { data: people } = useQuery(peopleQuery(organizationId))
  return (
    <tr className="group/row">
      <Td title={hold.id}>{heldOf(hold)}</Td>
      <Td className={wide}>{hold.by ? actorName(hold.by, people) : '–'}</Td>
      <Td className={wide}>
        <Time at={hold.createdAt} ago />
      </Td>
      <Td>{hold.endedAt ? <Time at={hold.endedAt} ago /> : <Until {...{ hold, timeZone }} />}</Td>
      <Td numeric>
        {hold.state === 'held' ? (
          <Deeds {...{ hold, organizationId, refused, onAsk }} />
        ) : (
          <StatusMark {...holdMarks[hold.state]} />
        )}
      </Td>
    </tr>
  )
}

function Until({ hold: { expiresAt }, timeZone }: { hold: QuotaHold; timeZone: string }) {
  const span = spanOf(Date.parse(expiresAt) - Math.max(useNow(), Date.now()))
  return (
    <time dateTime={expiresAt} title={momentOf(expiresAt, timeZone)}>
      {span === 'now' ? span : `in ${span}`}
    </time>
  )
}

function Deeds(props: {
  hold: QuotaHold
  organizationId: string
  refused: string | null
  onAsk: (holdId: string) => void
}) {
  const { hold, organizationId, refused, onAsk } = props
  const queryClient = useQueryClient()
  const release = useMutation({
    mutationFn: () => call(api.holds.release, { params: { organizationId, holdId: hold.id } }),
    onSuccess: (released) => sayDone(`${heldOf(released)} went back.`),
    onError: (error) => sayFailed('It was not released', factsOf(error)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['billing', organizationId] }),
  })
  return (
    <span className="flex justify-end gap-1">
      <Button
        look="quiet"
        className="!h-7 !px-2 text-xs"
        aria-label={`Confirm ${heldOf(hold)}…`}
        whyNot={refused}
        onClick={() => onAsk(hold.id)}
      >
        Confirm…
      </Button>
      <Button
        look="quiet"
        className="!h-7 !px-2 text-xs"
        aria-label={`Release ${heldOf(hold)}`}
        whyNot={refused}
        pending={release.isPending && 'Releasing…'}
        onClick={() => release.mutate()}
      >
        Release
      </Button>
    </span>
  )
}
