import { useState } from 'react'
import { type Membership, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Invitations } from '../members/Invitations.tsx'
import { InvitationSent, type Sent, useInviting } from '../members/InviteMember.tsx'
import { PersonFields, usePerson } from '../members/PersonForm.tsx'
import { Seats } from '../members/Seats.tsx'
import { StepBody } from './StepBody.tsx'
import { useGo, useSkip } from './useSteps.ts'

/** Who else works here, and as what. */
export function InviteStep({ organization, done }: { organization: Membership; done: boolean }) {
  const [sent, setSent] = useState<Sent | null>(null)
  const { offered, invite } = useInviting()
  const person = usePerson({ act: invite, onDone: setSent })
  const go = useGo(organization.slug)
  const skip = useSkip(organization, 'invite', () => go('server'))
  const refused = whyNot(organization, 'members:write')
  return (
    <StepBody
      title="Invite people"
      sentence={
        <>
          Each gets a link to join {organization.name}, with the role that you choose. A seat is kept for them
          until they answer, or a week is over. <Seats />
        </>
      }
      deeds={
        <>
          <Button onClick={() => void go('plan')}>Back</Button>
          <span className="flex-1" />
          {done ? (
            <Button look="primary" onClick={() => void go('server')}>
              Continue
            </Button>
          ) : (
            <Button pending={skip.isPending && 'Saving…'} onClick={() => skip.mutate()}>
              Invite nobody now
            </Button>
          )}
        </>
      }
    >
      <form
        noValidate
        className="grid items-start gap-3.5 rounded-lg border border-line bg-panel px-3.5 pt-3 pb-3.5 sm:grid-cols-[minmax(0,1fr)_220px_auto]"
        onSubmit={person.submit}
      >
        <PersonFields person={person} offered={offered} />
        <Button
          type="submit"
          look={done ? 'plain' : 'primary'}
          className="justify-self-start sm:mt-[21px] sm:!h-8"
          whyNot={refused}
          pending={person.isPending && 'Inviting…'}
        >
          Invite
        </Button>
        {person.failure && (
          <div className="sm:col-span-3">
            <ErrorPanel {...person.failure} />
          </div>
        )}
      </form>
      {!whyNot(organization, 'members:read') && <Invitations refused={refused} />}
      {sent && <InvitationSent sent={sent} onClose={() => setSent(null)} />}
    </StepBody>
  )
}
