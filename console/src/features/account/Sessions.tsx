import { api, type EndpointOutput } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { sayDone, sayFailed } from '../../ui/Toast.tsx'
import { deviceOf } from './device.ts'
import { sessionsQuery } from './queries.ts'

type Session = EndpointOutput<typeof api.identity.listSessions>['items'][number]

const wide = 'hidden @2xl:table-cell'

/** Where the person is signed in; each can be ended from here. */
export function Sessions() {
  const queryClient = useQueryClient()
  const sessions = useQuery({ ...sessionsQuery, refetchInterval: useSnapshotInterval() })
  const refresh = () => queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
  const endOthers = useMutation({
    mutationFn: () => call(api.identity.endOtherSessions, {}),
    onSuccess: ({ ended }) => sayDone(`${ended} sign-in${ended === 1 ? '' : 's'} ended.`),
    onError: (error) => sayFailed('The other sign-ins still are', factsOf(error), () => endOthers.mutate()),
    onSettled: refresh,
  })
  const others = sessions.data?.items.some(({ current }) => !current) ?? false
  return (
    <Panel
      flush
      title="Sign-ins"
      actions={
        <Button
          whyNot={others ? null : 'You are signed in nowhere else.'}
          pending={endOthers.isPending && 'Ending…'}
          onClick={() => endOthers.mutate()}
        >
          End all others
        </Button>
      }
    >
      {sessions.isError && (
        <div className="p-3">
          <ErrorPanel {...factsOf(sessions.error)} onRetry={() => void sessions.refetch()} />
        </div>
      )}
      {sessions.isPending && <RowsSkeleton label="Loading your sign-ins" rows={2} />}
      {sessions.data && (
        <Table>
          <thead>
            <tr>
              <Th>Device</Th>
              <Th className={`${wide} @2xl:w-[20%]`}>Address</Th>
              <Th numeric className="w-[24%] @2xl:w-[14%]">
                Last used
              </Th>
              <Th numeric className={`${wide} @2xl:w-[14%]`}>
                Signed in
              </Th>
              <Th className="w-[88px]">
                <span className="sr-only">Actions</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {sessions.data.items.map((session) => (
              <SessionRow key={session.id} session={session} onEnded={refresh} />
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  )
}

function SessionRow({ session, onEnded }: { session: Session; onEnded: () => Promise<void> }) {
  const { id, userAgent, address, lastUsedAt, createdAt, current } = session
  const device = deviceOf(userAgent)
  const end = useMutation({
    mutationFn: () => call(api.identity.revokeSession, { params: { sessionId: id } }),
    onError: (error) => sayFailed(`The sign-in on ${device} still is`, factsOf(error), () => end.mutate()),
    onSettled: onEnded,
  })
  return (
    <tr className="group/row">
      <Td title={userAgent ?? undefined}>
        <span className="flex items-center gap-2">
          <b className="truncate font-semibold">{device}</b>
          {current && <Badge tone="accent">this one</Badge>}
        </span>
      </Td>
      <Td className={`${wide} font-mono text-ink-2`} title={address ?? undefined}>
        {address ?? '—'}
      </Td>
      <Td numeric className="text-ink-2">
        <Time at={lastUsedAt} ago />
      </Td>
      <Td numeric className={`${wide} text-ink-3`}>
        <Time at={createdAt} ago />
      </Td>
      <Td className="text-right">
        <Button
          look="quiet"
          className="!h-7 !px-2 text-xs"
          aria-label={`End the sign-in on ${device}`}
          whyNot={current ? 'This is where you are now; sign out instead.' : null}
          pending={end.isPending && 'Ending…'}
          onClick={() => end.mutate()}
        >
          End
        </Button>
      </Td>
    </tr>
  )
}
