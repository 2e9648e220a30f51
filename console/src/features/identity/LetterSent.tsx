import { useQuery } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { useEffect } from 'react'
import { meQuery } from '../../app/session.ts'
import { ResendLetter } from './ResendLetter.tsx'
import { linkLook } from './WayIn.tsx'

/** How often it is asked whether the link was opened in this browser, which signs in; ms. */
const everyMs = 4000

/** After a sign-up where e-mail is sent. It reads the same whether the address had an account or not. */
export function LetterSent({ email, next }: { email: string; next: string | undefined }) {
  const router = useRouter()
  const { data: me } = useQuery({ ...meQuery, refetchInterval: everyMs })
  const isSignedIn = me != null
  useEffect(() => {
    if (isSignedIn) void router.invalidate()
  }, [isSignedIn, router])
  return (
    <>
      <h1 className="mt-6">Look into your mailbox</h1>
      <div role="status" className="mt-4 flex items-start gap-2.5">
        <MailCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
        <p className="min-w-0">
          A letter is on its way to <b className="font-semibold break-words">{email}</b>. Open the link in it
          and type the password you chose: that lets you in, and this page goes on in the same browser. The
          link is good once, for a day.
        </p>
      </div>
      <p className="mt-2 pl-[26px] text-ink-2">
        Nothing after a few minutes? Look among unwanted mail, and mind the spelling above.
      </p>
      <div className="mt-4 flex flex-wrap items-center gap-x-3 gap-y-2 pl-[26px]">
        <ResendLetter email={email} />
      </div>
      <p className="mt-6 border-t border-line pt-4 text-ink-2">
        You opened it elsewhere?{' '}
        <Link to="/" search={{ view: 'sign-in', next }} className={linkLook}>
          Sign in
        </Link>
      </p>
    </>
  )
}
