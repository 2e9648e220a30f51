import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Id } from '../../ui/Id.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { Time } from '../../ui/Time.tsx'
import { LimitsPanel } from '../limits/LimitsPanel.tsx'
import { ChangeEmail, ChangePassword } from './ChangeDialogs.tsx'
import { DeleteAccount } from './DeleteAccount.tsx'
import { Profile } from './Profile.tsx'
import { accountQuery } from './queries.ts'
import { SecondFactor } from './SecondFactor.tsx'
import { Sessions } from './Sessions.tsx'

/** A person's own account: who they are, how they sign in, and where they are signed in. */
export function AccountPage() {
  const account = useQuery({ ...accountQuery, refetchInterval: useSnapshotInterval() })
  const [changing, setChanging] = useState<'email' | 'password' | null>(null)
  usePageActions(
    useMemo(
      (): Action[] => [
        { id: 'email', label: 'Change your e-mail address', run: () => setChanging('email') },
        { id: 'password', label: 'Change your password', run: () => setChanging('password') },
      ],
      [],
    ),
  )
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>Account · Berth</title>
      <h1>Account</h1>
      <p className="mb-3 flex min-h-5 flex-wrap items-center gap-x-2 text-xs text-ink-3">
        {account.data && (
          <>
            <Id value={account.data.id} what="your id" />
            <span>
              created <Time at={account.data.createdAt} ago />
            </span>
          </>
        )}
      </p>
      <div className="max-w-[880px]">
        {account.isError && (
          <div className="mb-3.5">
            <ErrorPanel {...factsOf(account.error)} onRetry={() => void account.refetch()} />
          </div>
        )}
        {account.isPending && (
          <Panel title="You" flush>
            <RowsSkeleton label="Loading your account" rows={3} />
          </Panel>
        )}
        {account.data && (
          <>
            <Profile account={account.data} onChange={setChanging} />
            <SecondFactor account={account.data} />
          </>
        )}
        <Sessions />
        <LimitsPanel />
        {account.data && <DeleteAccount account={account.data} />}
      </div>
      {changing === 'email' && account.data && (
        <ChangeEmail account={account.data} onClose={() => setChanging(null)} />
      )}
      {changing === 'password' && <ChangePassword onClose={() => setChanging(null)} />}
    </main>
  )
}
