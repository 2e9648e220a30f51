import type { Account } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { Mail } from 'lucide-react'
import { useState } from 'react'
import { signOut } from '../../api/auth.ts'
import { factsOf } from '../../api/client.ts'
import { forgetPerson } from '../../app/session.ts'
import { feed } from '../../stream/feed.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { ChangeEmail } from '../account/ChangeDialogs.tsx'
import { DeleteAccount } from '../account/DeleteAccount.tsx'
import { accountQuery } from '../account/queries.ts'
import { ResendLetter } from './ResendLetter.tsx'

/** All that is open to somebody who is signed in and has not confirmed their address yet. */
export function WaitToConfirm() {
  const account = useQuery(accountQuery)
  if (account.isPending) return <Skeleton className="h-24 w-full" />
  if (account.isError)
    return <ErrorPanel {...factsOf(account.error)} onRetry={() => void account.refetch()} />
  return <Waiting account={account.data} />
}

function Waiting({ account }: { account: Account }) {
  const queryClient = useQueryClient()
  const router = useRouter()
  const [dialog, setDialog] = useState(false)
  const email = account.pendingEmail ?? account.email
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      feed.signedOut()
      forgetPerson(queryClient)
      await router.navigate({ to: '/', search: { view: 'sign-in' } })
    },
  })
  return (
    <>
      <div className="flex items-start gap-2.5">
        <Mail aria-hidden className="mt-0.5 size-4 shrink-0 text-ink-3" />
        <p className="min-w-0">
          A letter was sent to <b className="font-semibold break-words">{email}</b>. Open the link in it, on
          any device, and this page goes on by itself. Until then nothing but your account is open to you.
        </p>
      </div>
      <div className="mt-4 flex flex-wrap items-center gap-x-3 gap-y-2">
        <ResendLetter key={email} email={email} />
        <Button onClick={() => setDialog(true)}>Use another address…</Button>
      </div>
      <p className="mt-6 border-t border-line pt-4 text-ink-2">
        This is not your account?{' '}
        <Button
          look="quiet"
          className="ml-1"
          pending={leave.isPending && 'Signing out…'}
          onClick={() => leave.mutate()}
        >
          Sign out
        </Button>
      </p>
      {leave.error && (
        <div className="mt-4">
          <ErrorPanel {...factsOf(leave.error)} />
        </div>
      )}
      <div className="mt-6">
        <DeleteAccount account={account} />
      </div>
      {dialog && <ChangeEmail account={account} onClose={() => setDialog(false)} />}
    </>
  )
}
