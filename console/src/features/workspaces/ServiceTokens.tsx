import type { Token, Workspace } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { type TokenOwner, tokensQuery } from '../tokens/owner.ts'
import { TokenTable } from '../tokens/TokenTable.tsx'

const CreateToken = lazy(async () => ({
  default: (await import('../tokens/CreateToken.tsx')).CreateToken,
}))
const RevokeToken = lazy(async () => ({
  default: (await import('../tokens/RevokeToken.tsx')).RevokeToken,
}))

/** The tokens that a workspace's agents act with. */
export function ServiceTokens({ workspace }: { workspace: Workspace }) {
  const organization = useOrganization()
  const unreadable = whyNot(organization, 'tokens:read')
  const refused = whyNot(organization, 'tokens:write')
  const [creating, setCreating] = useState(false)
  const [revoking, setRevoking] = useState<Token | null>(null)
  const owner: TokenOwner = { kind: 'workspace', workspace }
  const tokens = useQuery({
    ...tokensQuery(owner),
    refetchInterval: useSnapshotInterval(),
    enabled: !unreadable,
  })
  return (
    <Panel
      title="Service tokens"
      note="for agents that work in this workspace, not for people"
      flush
      actions={
        <Button className="!h-7 !px-2 text-xs" whyNot={refused} onClick={() => setCreating(true)}>
          Create a service token
        </Button>
      }
    >
      {unreadable && <p className="px-3 py-2 text-xs text-ink-3">{unreadable}</p>}
      {tokens.isError && <ErrorPanel {...factsOf(tokens.error)} onRetry={() => void tokens.refetch()} />}
      {tokens.isPending && !unreadable && <RowsSkeleton label="Loading service tokens" rows={2} />}
      {tokens.data?.items.length === 0 && (
        <p className="px-3 py-2 text-xs text-ink-3">
          There are none yet. An agent needs one to call the servers here without acting as a person.
        </p>
      )}
      {tokens.data && tokens.data.items.length > 0 && (
        <TokenTable owner={owner} tokens={tokens.data.items} whyNot={refused} onRevoke={setRevoking} />
      )}
      <Suspense>
        {creating && <CreateToken owner={owner} onClose={() => setCreating(false)} />}
        {revoking && <RevokeToken owner={owner} token={revoking} onClose={() => setRevoking(null)} />}
      </Suspense>
    </Panel>
  )
}
