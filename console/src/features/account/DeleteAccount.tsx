import { type Account, api } from '@berth/contracts'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../../api/client.ts'
import { forgetPerson } from '../../app/session.ts'
import { feed } from '../../stream/feed.ts'
import { Button } from '../../ui/Button.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { ProofDialog } from './ProofDialog.tsx'

/** The way out for good, and what stands in it. */
export function DeleteAccount({ account }: { account: Account }) {
  const queryClient = useQueryClient()
  const router = useRouter()
  const [asked, setAsked] = useState(false)
  const { soleOwnerOf: owned, secondFactor, email } = account
  const withCode = secondFactor.enabledAt !== null
  return (
    <Panel tone="bad" title="Delete the account">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0 flex-1 basis-80 text-ink-2">
          <p>
            Your sign-ins and tokens end at once, you leave every organization, and your name and address are
            erased, in the log too. What you launched goes on running. It cannot be undone.
          </p>
          {owned.length > 0 && (
            <p className="mt-1.5">
              First make somebody else an owner of{' '}
              {owned.map(({ id, slug, name }, at) => (
                <span key={id}>
                  {at > 0 && (at === owned.length - 1 ? ' and ' : ', ')}
                  <Link
                    to="/console/members"
                    search={{ org: slug }}
                    className="font-[550] text-accent underline underline-offset-2"
                  >
                    {name}
                  </Link>
                </span>
              ))}
              : you are the only one.
            </p>
          )}
        </div>
        <Button
          look="danger"
          whyNot={
            owned.length > 0
              ? `You are the only owner of ${owned.map(({ name }) => name).join(', ')}; make somebody else one first.`
              : null
          }
          onClick={() => setAsked(true)}
        >
          Delete…
        </Button>
      </div>
      {asked && (
        <ProofDialog
          title={`Delete the account ${email}?`}
          withCode={withCode}
          deed="Delete my account"
          doing="Deleting…"
          look="danger"
          act={async ({ password, code }) => {
            await call(api.account.delete, { body: { password, ...(withCode ? { code } : {}) } })
            feed.signedOut()
            forgetPerson(queryClient)
            await router.navigate({ to: '/', search: { view: 'sign-in' } })
            sayDone('Your account is deleted.')
          }}
          onClose={() => setAsked(false)}
        >
          <p className="text-ink-2">
            It is gone for good: nobody can sign in to it, and nobody can bring it back. Your tokens stop
            working, so what uses them stops too.
          </p>
        </ProofDialog>
      )}
    </Panel>
  )
}
