import type { Token } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { person, tokensQuery } from './owner.ts'
import { TokenTable } from './TokenTable.tsx'

const CreateToken = lazy(async () => ({ default: (await import('./CreateToken.tsx')).CreateToken }))
const RevokeToken = lazy(async () => ({ default: (await import('./RevokeToken.tsx')).RevokeToken }))

/** A person's API tokens: what each may do, until when, and when it was used last. */
export function TokensPage() {
  const organization = useOrganization()
  const { create } = useSearch({ from: '/console/tokens' })
  const navigate = useNavigate({ from: '/console/tokens' })
  const tokens = useQuery({ ...tokensQuery(person), refetchInterval: useSnapshotInterval() })
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
          An MCP client needs one to call your servers. Create it here, or with “Connect” on a server’s page,
          which also shows the settings to paste.
        </EmptyState>
      )}
      {tokens.data && tokens.data.items.length > 0 && (
        <div className="overflow-hidden rounded-lg border border-line bg-panel">
          <TokenTable owner={person} tokens={tokens.data.items} whyNot={null} onRevoke={setRevoking} />
        </div>
      )}
      <Suspense>
        {create && <CreateToken owner={person} onClose={() => open(undefined)} />}
        {revoking && <RevokeToken owner={person} token={revoking} onClose={() => setRevoking(null)} />}
      </Suspense>
    </main>
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
