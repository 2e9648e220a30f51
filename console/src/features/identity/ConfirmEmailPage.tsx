import { api } from '@berth/contracts'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { useEffect, useState } from 'react'
import { call, factsOf, isCode } from '../../api/client.ts'
import { meQuery } from '../../app/session.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { AskAgain } from './AskAgain.tsx'
import { useLinkToken } from './useLinkToken.ts'
import { WaitToConfirm } from './WaitToConfirm.tsx'
import { linkLook, WayIn } from './WayIn.tsx'

/** How often somebody who waits here is asked for: the link may be opened on another device. */
const everyMs = 4000

/** Where the link leads that was sent to an e-mail address; without one, where its owner waits for it. */
export function ConfirmEmailPage() {
  const token = useLinkToken('/confirm-email')
  return (
    <WayIn title="Confirm an e-mail address">
      <h1 className="mt-6 mb-4">Confirm {token ? 'an' : 'your'} e-mail address</h1>
      <div className="flex flex-col gap-4">
        {token ? <Confirmation key={token} token={token} /> : <WithoutLink missing />}
      </div>
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
  const { isSuccess } = confirmed
  useEffect(() => {
    if (!isSuccess) return
    void queryClient.invalidateQueries({ queryKey: ['account'] })
    void queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
  }, [isSuccess, queryClient])
  if (confirmed.isPending) return <Skeleton className="h-12 w-full" />
  if (confirmed.isError) {
    const final = isCode(confirmed.error, 'not_found') || isCode(confirmed.error, 'invalid_state')
    return (
      <>
        <ErrorPanel
          {...factsOf(confirmed.error)}
          {...(final ? {} : { onRetry: () => void confirmed.refetch() })}
        />
        {final && <WithoutLink />}
      </>
    )
  }
  return (
    <>
      <p role="status" className="flex items-start gap-2.5">
        <MailCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
        <span className="min-w-0">
          <b className="font-semibold break-words">{confirmed.data.email}</b> is confirmed. From now on you
          sign in with it.
        </span>
      </p>
      <Onward />
    </>
  )
}

/** What is there for somebody whose link is missing or good for nothing. */
function WithoutLink({ missing = false }: { missing?: boolean }) {
  const { next } = useSearch({ from: '/confirm-email' })
  const navigate = useNavigate()
  const { data: me, isPending } = useQuery({
    ...meQuery,
    refetchInterval: ({ state }) => (state.data?.confirmEmail ? everyMs : false),
  })
  const waits = me?.confirmEmail === 'must'
  const [waited, setWaited] = useState(waits)
  if (waits && !waited) setWaited(true)
  const goesOn = me?.confirmEmail === null && (waited || next !== undefined)
  useEffect(() => {
    if (goesOn) void navigate({ to: '/', search: { next }, replace: true })
  }, [goesOn, navigate, next])
  if (isPending || goesOn) return <Skeleton className="h-12 w-full" />
  if (waits)
    return (
      <div>
        <WaitToConfirm />
      </div>
    )
  return (
    <>
      {missing && (
        <ErrorPanel sentence="This link is not whole: its secret is missing. Open it from the e-mail again, or ask for another one." />
      )}
      <AskAgain />
      <Onward />
    </>
  )
}

function Onward() {
  const { data: me } = useQuery(meQuery)
  return (
    <p>
      {me ? (
        <Link to="/console/account" className={linkLook}>
          Go to your account
        </Link>
      ) : (
        <Link to="/" search={{ view: 'sign-in' }} className={linkLook}>
          Sign in
        </Link>
      )}
    </p>
  )
}
