import type { Onboarding } from '@berth/contracts'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type Membership, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { FirstServer } from './FirstServer.tsx'
import { ServerChoice } from './ServerChoice.tsx'
import { StepBody } from './StepBody.tsx'
import { useGo, useSkip } from './useSteps.ts'

/** The last step: a server is chosen, launched, called, and a client of one's own is led to it. */
export function ServerStep(props: { organization: Membership; found: Onboarding['steps'][4] }) {
  const { organization, found } = props
  const { deployment: wanted, another } = useSearch({ from: '/onboarding' })
  const navigate = useNavigate()
  const go = useGo(organization.slug)
  const deploymentId = another ? undefined : (wanted ?? found.deployment?.id)
  const leave = () => navigate({ to: '/console/lifecycle', search: { org: organization.slug } })
  const skip = useSkip(organization, 'server', leave)
  return (
    <StepBody
      title="Launch your first server"
      sentence={
        deploymentId
          ? 'Once it runs, call one of its tools here, and then lead your own MCP client to it.'
          : 'Choose one to begin with; policy decides whether it may run, and every call to it leaves a record.'
      }
      deeds={
        <>
          <Button onClick={() => void go('invite')}>Back</Button>
          <span className="flex-1" />
          {found.answered ? (
            <Button look="primary" onClick={() => void leave()}>
              Go to the console
            </Button>
          ) : (
            <Button pending={skip.isPending && 'Saving…'} onClick={() => skip.mutate()}>
              {deploymentId ? 'Finish without a call' : 'Launch nothing now'}
            </Button>
          )}
        </>
      }
    >
      {deploymentId ? (
        <FirstServer
          key={deploymentId}
          organization={organization}
          deploymentId={deploymentId}
          answered={found.answered && deploymentId === found.deployment?.id}
        />
      ) : (
        <ServerChoice organization={organization} refused={whyNot(organization, 'deployments:write')} />
      )}
    </StepBody>
  )
}
