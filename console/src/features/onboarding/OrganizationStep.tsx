import type { Me } from '@berth/contracts'
import type { Membership } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { OrganizationForm, organizationMeaning } from '../organizations/OrganizationForm.tsx'
import { StepBody } from './StepBody.tsx'
import { useGo } from './useSteps.ts'
import { useNavigate } from '@tanstack/react-router'

/** The organization that everything else belongs to: a new one, or the one that is there. */
export function OrganizationStep({ me, organization }: { me: Me; organization: Membership | null }) {
  const navigate = useNavigate()
  const go = useGo(organization?.slug)
  if (!organization)
    return (
      <StepBody
        width="narrow"
        title="Create an organization"
        sentence={`Welcome, ${me.user?.name}. ${organizationMeaning}`}
      >
        <OrganizationForm
          onCreated={async ({ slug }) => navigate({ to: '/onboarding', search: { step: 'plan', org: slug } })}
        >
          <Button look="quiet" onClick={() => void go('account')}>
            Back
          </Button>
        </OrganizationForm>
      </StepBody>
    )
  return (
    <StepBody
      width="narrow"
      title={organization.name}
      sentence={`You are in the organization ${organization.name}${organization.role ? ` as its ${organization.role}` : ''}; the next steps are about it.`}
      deeds={
        <>
          <Button onClick={() => void go('account')}>Back</Button>
          <span className="flex-1" />
          <Button look="primary" onClick={() => void go('plan')}>
            Continue
          </Button>
        </>
      }
    >
      <dl className="rounded-lg border border-line bg-panel text-xs">
        {[
          ['Name', organization.name],
          ['In addresses', `/mcp/${organization.slug}/…`],
          ['Your role', organization.role ?? 'none'],
        ].map(([name, value]) => (
          <div
            key={name}
            className="flex min-h-9 items-center gap-3 border-b border-line-soft px-3 last:border-0"
          >
            <dt className="w-24 shrink-0 text-ink-3">{name}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ))}
      </dl>
    </StepBody>
  )
}
