import { api, type EndpointOutput, toSlug } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useForm } from 'react-hook-form'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { meQuery } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { timeZones } from './timeZones.ts'

export interface OrganizationFormProps {
  onCreated: (organization: EndpointOutput<typeof api.organizations.create>) => Promise<void>
  /** The button beside that which creates it. */
  children: ReactNode
}

/** Asks for what a new organization is called and by which calendar it lives, and creates it. */
export function OrganizationForm({ onCreated, children }: OrganizationFormProps) {
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  const form = useForm({
    defaultValues: { name: '', timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC' },
  })
  const create = useMutation({
    mutationFn: (body: { name: string; timeZone: string }) =>
      call(api.organizations.create, { body }, { idempotencyKey: keyOf(body) }),
    onSuccess: async (organization) => {
      await queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
      await onCreated(organization)
    },
  })
  const faults = fieldFaultsOf(create.error)
  const slug = toSlug(form.watch('name'))
  const timeZone = form.watch('timeZone')
  return (
    <form
      noValidate
      className="flex flex-col gap-3.5"
      onSubmit={form.handleSubmit((values) => create.mutate({ ...values, name: values.name.trim() }))}
    >
      <Field
        label="Name"
        error={form.formState.errors.name?.message ?? faults.name}
        hint={
          slug && (
            <>
              In addresses: /mcp/<b className="font-[550]">{slug}</b>/…
            </>
          )
        }
      >
        <Input
          autoFocus
          autoComplete="organization"
          {...form.register('name', { validate: (name) => name.trim() !== '' || 'Give it a name.' })}
        />
      </Field>
      <Field label="Time zone" error={faults.timeZone} hint="Days and months in reports follow it.">
        <Select
          options={timeZones}
          value={timeZone}
          onChange={(zone) => form.setValue('timeZone', zone)}
          label="Time zone"
        />
      </Field>
      {create.error && Object.keys(faults).length === 0 && <ErrorPanel {...factsOf(create.error)} />}
      <div className="mt-1 flex items-center gap-2">
        <Button type="submit" look="primary" pending={create.isPending && 'Creating…'}>
          Create organization
        </Button>
        {children}
      </div>
    </form>
  )
}

/** What an organization is, for whoever is about to create one. */
export const organizationMeaning =
  'Workspaces, servers, members and the log belong to an organization. You will be its owner and can rename it later.'
