import { useQuery } from '@tanstack/react-query'
import { Navigate, useSearch } from '@tanstack/react-router'
import { factsOf } from '../../api/client.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { ForgotForm } from './ForgotForm.tsx'
import { FormSkeleton, setupQuery } from './setup.tsx'
import { SignInForm } from './SignInForm.tsx'
import { SignUpForm } from './SignUpForm.tsx'
import { WayIn } from './WayIn.tsx'

const titles = { 'sign-in': 'Sign in', 'sign-up': 'Create an account', forgot: 'Set a new password' }

/** The way in: sign in, a forgotten password, and an account for those who are on their way somewhere. */
export function SignInPage() {
  const search = useSearch({ from: '/' })
  const setup = useQuery(setupQuery)
  const fresh = setup.data?.operatorClaimed === false
  const view = search.view ?? (fresh ? 'sign-up' : 'sign-in')
  // With nowhere else to go, an account is the first of several steps.
  if (view === 'sign-up' && !search.next) return <Navigate to="/onboarding" replace />
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
        <SignUpForm fresh={fresh} needsCode={setup.data.setupCodeRequired} next={search.next} />
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
