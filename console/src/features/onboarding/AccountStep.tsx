import type { Me, Onboarding } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { FormSkeleton, setupQuery } from '../identity/setup.tsx'
import { SignUpForm } from '../identity/SignUpForm.tsx'
import { StepBody } from './StepBody.tsx'
import { useGo } from './useSteps.ts'

/** The first step of somebody who is not signed in: an account. */
export function NewAccount() {
  const setup = useQuery(setupQuery)
  return (
    <div className="mx-auto w-full max-w-[400px] sm:mt-3">
      {setup.isError && (
        <div className="mt-6">
          <ErrorPanel {...factsOf(setup.error)} onRetry={() => void setup.refetch()} />
        </div>
      )}
      {setup.isPending && <FormSkeleton />}
      {setup.data && (
        <SignUpForm
          fresh={!setup.data.operatorClaimed}
          needsCode={setup.data.setupCodeRequired}
          next="/onboarding"
          sentence="It tells the others who you are, and the log, which records what everybody does."
        />
      )}
    </div>
  )
}

/** Who is signed in, and whether the address is theirs. */
export function AccountStep({ me, onboarding }: { me: Me; onboarding: Onboarding }) {
  const [{ email }, organization] = onboarding.steps
  const go = useGo(organization.organization?.slug)
  return (
    <StepBody
      width="narrow"
      title="Your account"
      sentence={`You are signed in as ${me.user?.name}, ${email}; everything you do here stands in the log under that name.`}
      deeds={
        <>
          <span className="flex-1" />
          <Button look="primary" onClick={() => void go('organization')}>
            Continue
          </Button>
        </>
      }
    />
  )
}
