import { api, type EndpointOutput } from '@berth/contracts'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { signOut } from '../../api/auth.ts'
import { call, factsOf, isCode } from '../../api/client.ts'
import { forgetPerson, meQuery, rememberOrganization } from '../../app/session.ts'
import { feed } from '../../stream/feed.ts'
import { Button, buttonLook } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { absoluteOf } from '../../ui/Time.tsx'
import { linkLook, WayIn } from '../identity/WayIn.tsx'
import { roleWords } from '../members/roles.ts'
import { forgetToken, keptToken } from './keptToken.ts'

type Offer = EndpointOutput<typeof api.invitations.preview>

const offerQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => call(api.invitations.preview, { params: { token } }, { signal }),
    retry: false,
  })

/** Where the link of an invitation leads: join the organization, or decline. */
export function InvitePage() {
  const [token] = useState(keptToken)
  return <WayIn title="Invitation">{token ? <Invitation token={token} /> : <Missing />}</WayIn>
}

function Missing() {
  return (
    <>
      <h1 className="mt-6">Invitation</h1>
      <div className="mt-4 flex flex-col gap-4">
        <ErrorPanel sentence="This link is incomplete: its secret is missing. Open it as it stands in the invitation." />
        <Onward />
      </div>
    </>
  )
}

function Onward() {
  return (
    <p>
      <Link to="/" className={linkLook}>
        Go to Berth
      </Link>
    </p>
  )
}

function Invitation({ token }: { token: string }) {
  const offer = useQuery(offerQuery(token))
  const me = useQuery(meQuery)
  const failed = offer.error ?? me.error
  if (failed)
    return (
      <>
        <h1 className="mt-6">Invitation</h1>
        <div className="mt-4 flex flex-col gap-4">
          <ErrorPanel
            {...factsOf(failed)}
            {...(!isCode(failed, 'not_found') && {
              onRetry: () => void Promise.all([offer.refetch(), me.refetch()]),
            })}
          />
          <Onward />
        </div>
      </>
    )
  if (!offer.data || me.isPending) return <OfferSkeleton />
  return <Offered token={token} offer={offer.data} email={me.data?.user?.email ?? null} />
}

function Offered({ token, offer, email }: { token: string; offer: Offer; email: string | null }) {
  const { organization, role, invitedBy, expiresAt } = offer
  const [declined, setDeclined] = useState(false)
  const decline = useMutation({
    mutationFn: () => call(api.invitations.decline, { params: { token } }),
    onSuccess: () => {
      forgetToken()
      setDeclined(true)
    },
  })
  if (declined)
    return (
      <>
        <h1 className="mt-6">Declined</h1>
        <p role="status" className="mt-2 mb-4 text-ink-2">
          You did not join {organization.name}. Whoever invited you sees it, and can invite you again.
        </p>
        <Onward />
      </>
    )
  const isTheirs = email?.toLowerCase() === offer.email
  return (
    <>
      <h1 className="mt-6 break-words">Join {organization.name}</h1>
      <p className="mt-1 mb-4 text-ink-2">
        {invitedBy ?? 'An administrator'} invites you, <b className="font-[550] break-words">{offer.email}</b>
        , as {role}: {roleWords[role].toLowerCase()}. The invitation is good until {absoluteOf(expiresAt)}.
      </p>
      {isTheirs && <Accept token={token} name={organization.name} />}
      {email && !isTheirs && <OtherAccount email={email} invited={offer.email} />}
      {!email && <WaysIn invited={offer.email} />}
      {decline.error && (
        <div className="mt-4">
          <ErrorPanel {...factsOf(decline.error)} />
        </div>
      )}
      <p className="mt-6 border-t border-line pt-4 text-ink-2">
        You do not want to join?{' '}
        <Button
          look="quiet"
          className="ml-1"
          pending={decline.isPending && 'Declining…'}
          onClick={() => decline.mutate()}
        >
          Decline
        </Button>
      </p>
    </>
  )
}

function Accept({ token, name }: { token: string; name: string }) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const accept = useMutation({
    mutationFn: () => call(api.invitations.accept, { params: { token } }),
    onSuccess: async ({ organizationId, slug }) => {
      forgetToken()
      rememberOrganization(organizationId)
      await queryClient.fetchQuery({ ...meQuery, staleTime: 0 })
      await navigate({ to: '/console/lifecycle', search: { org: slug } })
    },
  })
  return (
    <div className="flex flex-col gap-3.5">
      {accept.error && <ErrorPanel {...factsOf(accept.error)} />}
      {isCode(accept.error, 'duplicate') && <Onward />}
      {isCode(accept.error, 'policy_veto') && (
        <p className="text-ink-2">
          Ask whoever invited you for room. The invitation stays good meanwhile: come back here, and try
          again.
        </p>
      )}
      <Button
        look="primary"
        className="self-start"
        pending={accept.isPending && 'Joining…'}
        onClick={() => accept.mutate()}
      >
        {accept.error ? 'Try again' : `Join ${name}`}
      </Button>
    </div>
  )
}

function WaysIn({ invited }: { invited: string }) {
  return (
    <>
      <p className="mb-3 text-ink-2">It takes an account with the address {invited}.</p>
      <p className="flex flex-wrap items-center gap-x-5 gap-y-2">
        <Link
          to="/"
          search={{ view: 'sign-up', next: '/onboarding/invite' }}
          className={buttonLook('primary')}
        >
          Create an account
        </Link>
        <Link to="/" search={{ view: 'sign-in', next: '/onboarding/invite' }} className={linkLook}>
          Sign in
        </Link>
      </p>
    </>
  )
}

function OtherAccount({ email, invited }: { email: string; invited: string }) {
  const queryClient = useQueryClient()
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: () => {
      feed.signedOut()
      forgetPerson(queryClient)
    },
  })
  return (
    <div className="flex flex-col gap-3.5">
      <p role="status" className="break-words">
        You are signed in as {email}. This invitation is for {invited}: sign out, and come in with that
        account.
      </p>
      {leave.error && <ErrorPanel {...factsOf(leave.error)} />}
      <Button
        className="self-start"
        pending={leave.isPending && 'Signing out…'}
        onClick={() => leave.mutate()}
      >
        Sign out
      </Button>
    </div>
  )
}

function OfferSkeleton() {
  return (
    <div className="mt-7 flex flex-col gap-4" aria-busy="true" aria-label="Loading" role="status">
      <Skeleton className="h-6 w-40" />
      <Skeleton className="h-12 w-full" />
      <Skeleton className="h-[30px] w-24" />
    </div>
  )
}
