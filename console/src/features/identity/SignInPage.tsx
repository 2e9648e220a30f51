import { api } from '@berth/contracts'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { call, factsOf } from '../../api/client.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { ForgotForm } from './ForgotForm.tsx'
import { SignInForm } from './SignInForm.tsx'
import { SignUpForm } from './SignUpForm.tsx'
import { WayIn } from './WayIn.tsx'

const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => call(api.identity.setup, {}, { signal }),
})

const titles = { 'sign-in': 'Sign in', 'sign-up': 'Create an account', forgot: 'Set a new password' }

/** The way in: sign in, sign up, a forgotten password, and on a fresh installation the first account. */
export function SignInPage() {
  const search = useSearch({ from: '/' })
  const setup = useQuery(setupQuery)
  const fresh = setup.data?.operatorClaimed === false
  const view = search.view ?? (fresh ? 'sign-up' : 'sign-in')
  return (
    <WayIn title={titles[view]}>
      {setup.isError && (
        <div className="mt-6">
          <ErrorPanel {...factsOf(setup.error)} onRetry={() => void setup.refetch()} />
        </div>
      )}
      {setup.isPending && <FormSkeleton />}
      {setup.data && view === 'sign-in' && <SignInForm />}
      {setup.data && view === 'forgot' && <ForgotForm />}
      {setup.data && view === 'sign-up' && (
        <SignUpForm fresh={fresh} needsCode={setup.data.setupCodeRequired} />
      )}
      {setup.data && (
        <p className="mt-10 text-xs text-ink-3">
          Berth {setup.data.version} runs MCP servers for organizations that have to answer for them.{' '}
          <a href="/docs" className="text-ink-2 underline underline-offset-2">
            Documentation
          </a>
        </p>
      )}
    </WayIn>
  )
}

function FormSkeleton() {
  return (
    <div className="mt-7 flex flex-col gap-4" aria-busy="true" aria-label="Loading" role="status">
      <Skeleton className="h-6 w-24" />
      <Skeleton className="h-12 w-full" />
      <Skeleton className="h-12 w-full" />
      <Skeleton className="h-[30px] w-20" />
    </div>
  )
}
