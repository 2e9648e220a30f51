import { api } from '@berth/contracts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { useEffect } from 'react'
import { call, factsOf, isCode } from '../../api/client.ts'
import { meQuery } from '../../app/session.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { useLinkToken } from './useLinkToken.ts'
import { linkLook, WayIn } from './WayIn.tsx'

/** Where the link that was sent to a new e-mail address leads. */
export function ConfirmEmailPage() {
  const token = useLinkToken('/confirm-email')
  return (
    <WayIn title="Confirm an e-mail address">
      <h1 className="mt-6 mb-4">Confirm an e-mail address</h1>
      {token ? (
        <Confirmation key={token} token={token} />
      ) : (
        <ErrorPanel sentence="This link is not whole: its secret is missing. Open it from the e-mail again." />
      )}
      <p className="mt-4">
        <Link to="/console/account" className={linkLook}>
          Go to your account
        </Link>
      </p>
    </WayIn>
  )
}

function Confirmation({ token }: { token: string }) {
  const queryClient = useQueryClient()
  // A link is good once: it is shown once, and what came of it stays.
  const confirmed = useQuery({
    queryKey: ['confirm-email', token],
    queryFn: () => call(api.account.confirmEmail, { body: { token } }),
    retry: false,
    staleTime: Infinity,
  })
  const done = confirmed.isSuccess
  useEffect(() => {
    if (!done) return
    void queryClient.invalidateQueries({ queryKey: ['account'] })
    void queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
  }, [done, queryClient])
  if (confirmed.isPending) return <Skeleton className="h-12 w-full" />
  if (confirmed.isError) {
    const final = isCode(confirmed.error, 'not_found') || isCode(confirmed.error, 'invalid_state')
    return (
      <ErrorPanel
        {...factsOf(confirmed.error)}
        {...(final ? {} : { onRetry: () => void confirmed.refetch() })}
      />
    )
  }
  return (
    <p role="status" className="flex items-start gap-2.5">
      <MailCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
      <span>
        <b className="font-semibold break-words">{confirmed.data.email}</b> is confirmed. From now on you sign
        in with it.
      </span>
    </p>
  )
}
