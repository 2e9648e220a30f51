import type { Token } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { useMe, useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { absoluteOf, Time } from '../../ui/Time.tsx'
import { tokenMarks } from './marks.ts'
import { myTokensQuery } from './queries.ts'

const CreateToken = lazy(async () => ({ default: (await import('./CreateToken.tsx')).CreateToken }))
const RevokeToken = lazy(async () => ({ default: (await import('./RevokeToken.tsx')).RevokeToken }))

/** A person's API tokens: what each may do, until when, and when it was used last. */
export function TokensPage() {
  const organization = useOrganization()
  const { create } = useSearch({ from: '/console/tokens' })
  const navigate = useNavigate({ from: '/console/tokens' })
  const tokens = useQuery({ ...myTokensQuery, refetchInterval: useSnapshotInterval() })
  const [revoking, setRevoking] = useState<Token | null>(null)
  const open = (wanted: true | undefined) =>
    void navigate({ search: (before) => ({ ...before, create: wanted }), replace: !wanted })
  usePageActions(
    useMemo(
      (): Action[] => [
        {
          id: 'create',
          label: 'Create an API token',
          key: 'c',
          run: () => void navigate({ search: (before) => ({ ...before, create: true }) }),
        },
      ],
      [navigate],
    ),
  )
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`Tokens · ${organization.name} · Berth`}</title>
      <div className="mb-1 flex items-center gap-3">
        <h1 className="flex-1">Tokens</h1>
        <Button look="primary" onClick={() => open(true)}>
          Create a token
        </Button>
      </div>
      <p className="mb-3 max-w-[75ch] text-ink-2">
        An API token lets a program act as you, within its scopes: an MCP client, a script, mcpctl. Revoking
        one ends its open sessions at once.
      </p>
      {tokens.isError && <ErrorPanel {...factsOf(tokens.error)} onRetry={() => void tokens.refetch()} />}
      {tokens.isPending && <TableSkeleton />}
      {tokens.data?.items.length === 0 && (
        <EmptyState
          icon={<KeyRound className="size-6" />}
          title="You have no API tokens"
          action={<Button onClick={() => open(true)}>Create your first token</Button>}
        >
          An MCP client needs one to call your servers: create it with the scope tools:call and give it to the
          client.
        </EmptyState>
      )}
      {tokens.data && tokens.data.items.length > 0 && (
        <TokenTable tokens={tokens.data.items} onRevoke={setRevoking} />
      )}
      <Suspense>
        {create && <CreateToken onClose={() => open(undefined)} />}
        {revoking && <RevokeToken token={revoking} onClose={() => setRevoking(null)} />}
      </Suspense>
    </main>
  )
}

const wide = 'hidden @3xl:table-cell'

function TokenTable({ tokens, onRevoke }: { tokens: Token[]; onRevoke: (token: Token) => void }) {
  const me = useMe()
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-panel">
      <Table>
        <thead>
          <tr>
            <Th className="w-[30%] @3xl:w-[17%]">Name</Th>
            <Th className="w-[21%] @3xl:w-[9%]">State</Th>
            <Th className={wide}>Scopes</Th>
            <Th className={`${wide} @3xl:w-[13%]`}>Tools</Th>
            <Th className={`${wide} @3xl:w-[13%]`}>Organization</Th>
            <Th className={`${wide} @3xl:w-[9%]`}>Last used</Th>
            <Th className="w-[27%] @3xl:w-[9%]">Expires</Th>
            <Th className="w-[22%] @3xl:w-[9%]">
              <span className="sr-only">Actions</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => {
            const organization = me.organizations.find(({ id }) => id === token.organizationId)
            return (
              <tr key={token.id} className="group/row">
                <Td title={token.name}>
                  <b className="font-semibold">{token.name}</b>{' '}
                  <span className="font-mono text-ink-3">…{token.hint}</span>
                </Td>
                <Td>
                  <StatusMark {...tokenMarks[token.state]} />
                </Td>
                <Td className={wide} title={token.scopes.join('\n')}>
                  {token.scopes.join(', ')}
                </Td>
                <Td className={wide} title={token.allowedTools?.join('\n')}>
                  {token.allowedTools?.join(', ') ?? 'every tool'}
                </Td>
                <Td className={wide}>{organization?.name ?? 'all of yours'}</Td>
                <Td className={`${wide} text-ink-3`}>
                  {token.lastUsedAt ? <Time at={token.lastUsedAt} ago /> : 'never'}
                </Td>
                <Td className="text-ink-3">{token.expiresAt ? <Expiry at={token.expiresAt} /> : 'never'}</Td>
                <Td className="text-right">
                  {token.state === 'active' && (
                    <Button
                      look="quiet"
                      aria-label={`Revoke ${token.name}`}
                      className="!h-7 !px-2 text-xs"
                      onClick={() => onRevoke(token)}
                    >
                      Revoke
                    </Button>
                  )}
                </Td>
              </tr>
            )
          })}
        </tbody>
      </Table>
    </div>
  )
}

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' })

function Expiry({ at }: { at: string }) {
  return (
    <time dateTime={at} title={absoluteOf(at)}>
      {day.format(new Date(at))}
    </time>
  )
}

function TableSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading tokens" className="rounded-lg border border-line bg-panel">
      {[0, 1, 2, 3].map((row) => (
        <div key={row} className="flex h-9 items-center gap-8 border-b border-line-soft px-3 last:border-0">
          <Skeleton className="w-[16%]" />
          <Skeleton className="w-[8%]" />
          <Skeleton className="w-[30%]" />
        </div>
      ))}
    </div>
  )
}
