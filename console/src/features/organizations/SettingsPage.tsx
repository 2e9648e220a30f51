import { api, type Organization } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useMemo, useState } from 'react'
import { useForm } from 'react-hook-form'
import { call, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { meQuery, useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Id } from '../../ui/Id.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { Select } from '../../ui/Select.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { Time } from '../../ui/Time.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { Export } from './Export.tsx'
import { organizationQuery } from './queries.ts'
import { timeZones } from './timeZones.ts'

const CloseOrganization = lazy(async () => ({
  default: (await import('./CloseOrganization.tsx')).CloseOrganization,
}))

/** What an organization is called, and where; taking everything of it along, and closing it. */
export function SettingsPage() {
  const membership = useOrganization()
  const { id, name } = membership
  const refused = whyNot(membership, 'organization:write')
  const organization = useQuery({ ...organizationQuery(id), refetchInterval: useSnapshotInterval() })
  return (
    <main className="h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`Settings · ${name} · Berth`}</title>
      <div className="mb-3">
        <h1>Settings</h1>
        {refused && membership.state === 'active' && (
          <p className="mt-1 max-w-[75ch] text-ink-2">You can read this and not change it. {refused}</p>
        )}
      </div>
      {organization.isError && (
        <div className="mb-3.5">
          <ErrorPanel {...factsOf(organization.error)} onRetry={() => void organization.refetch()} />
        </div>
      )}
      {organization.isPending && <Skeleton className="h-64 max-w-[480px]" />}
      {organization.data && <SettingsForm key={organization.data.version} organization={organization.data} />}
      <Export />
      {membership.state !== 'closed' && <DangerZone />}
    </main>
  )
}

function DangerZone() {
  const organization = useOrganization()
  const [asked, setAsked] = useState(false)
  const refused = whyNot(organization, 'organization:close')
  usePageActions(
    useMemo(
      (): Action[] => [
        { id: 'close', label: 'Close this organization', whyNot: refused, run: () => setAsked(true) },
      ],
      [refused],
    ),
  )
  return (
    <Panel title="Close this organization" tone="bad">
      <div className="flex max-w-[75ch] flex-col items-start gap-2.5">
        <p className="text-ink-2">
          What runs is stopped and deleted, tokens are revoked and secrets destroyed, and members who are not
          owners lose access. You are shown exactly what before anything happens. It cannot be undone.
        </p>
        <Button look="danger" className="max-w-full" whyNot={refused} onClick={() => setAsked(true)}>
          <span className="truncate">Close {organization.name}…</span>
        </Button>
      </div>
      <Suspense>{asked && <CloseOrganization onClose={() => setAsked(false)} />}</Suspense>
    </Panel>
  )
}

function SettingsForm({ organization }: { organization: Organization }) {
  const membership = useOrganization()
  const navigate = useNavigate()
  const queryClient = useQueryClient()
  const { id, name, slug, timeZone, version, createdAt } = organization
  const form = useForm({ defaultValues: { name, slug, timeZone } })
  const save = useMutation({
    mutationFn: (body: { name: string; slug: string; timeZone: string }) =>
      call(api.organizations.update, {
        params: { organizationId: id },
        body: { ...body, expectedVersion: version },
      }),
    onSuccess: async (updated) => {
      queryClient.setQueryData(organizationQuery(id).queryKey, updated)
      await queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
      await navigate({ to: '/console/settings', search: { org: updated.slug }, replace: true })
      sayDone('Settings saved.')
    },
  })
  const faults = fieldFaultsOf(save.error)
  const refused = whyNot(membership, 'organization:write')
  const unchanged = form.formState.isDirty ? null : 'Nothing has been changed.'
  return (
    <Panel
      title="Organization"
      note={
        <span className="flex items-center gap-2">
          <Id value={id} what="organization id" />
          <span>
            created <Time at={createdAt} ago />
          </span>
        </span>
      }
    >
      <form
        noValidate
        className="flex max-w-[480px] flex-col gap-3.5"
        onSubmit={form.handleSubmit((values) => save.mutate({ ...values, name: values.name.trim() }))}
      >
        <fieldset disabled={refused !== null} className="contents">
          <Field label="Name" error={form.formState.errors.name?.message ?? faults.name}>
            <Input
              autoComplete="organization"
              {...form.register('name', { validate: (text) => text.trim() !== '' || 'It needs a name.' })}
            />
          </Field>
          <Field
            label="Short name"
            error={faults.slug}
            hint="Part of every address, after /mcp/. The old one goes on working after a change."
          >
            <Input autoComplete="off" className="font-mono" {...form.register('slug')} />
          </Field>
          <Field label="Time zone" error={faults.timeZone} hint="Days and months in reports follow it.">
            <Select
              label="Time zone"
              options={timeZones}
              value={form.watch('timeZone')}
              onChange={(zone) => form.setValue('timeZone', zone, { shouldDirty: true })}
            />
          </Field>
        </fieldset>
        {save.error && <ErrorPanel {...factsOf(save.error)} />}
        <Button
          type="submit"
          look="primary"
          className="self-start"
          whyNot={refused ?? unchanged}
          pending={save.isPending && 'Saving…'}
        >
          Save
        </Button>
      </form>
    </Panel>
  )
}
