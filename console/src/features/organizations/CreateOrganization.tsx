import { useNavigate } from '@tanstack/react-router'
import { Brand } from '../../shell/Brand.tsx'
import { Button } from '../../ui/Button.tsx'
import { OrganizationForm, organizationMeaning } from './OrganizationForm.tsx'

/** One more organization, for somebody who has one. */
export function CreateOrganization({ onDone }: { onDone: () => void }) {
  const navigate = useNavigate()
  return (
    <main className="mx-auto flex min-h-full w-full max-w-[440px] flex-col px-5 pt-[12vh] pb-10">
      <title>Create an organization · Berth</title>
      <Brand />
      <h1 className="mt-6">Create an organization</h1>
      <p className="mt-1 mb-5 text-ink-2">{organizationMeaning}</p>
      <OrganizationForm
        onCreated={async ({ slug }) => {
          await navigate({ to: '/console/lifecycle', search: { org: slug } })
          onDone()
        }}
      >
        <Button look="quiet" onClick={onDone}>
          Cancel
        </Button>
      </OrganizationForm>
    </main>
  )
}
