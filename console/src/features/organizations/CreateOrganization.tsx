import { api, toSlug } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { meQuery, useMe } from '../../app/session.ts'
import { Brand } from '../../shell/Brand.tsx'
import { useSignOut } from '../../shell/useSignOut.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { timeZones } from './timeZones.ts'

/** Asks for the one thing everything else belongs to. `first`: the person has no organization yet. */
export function CreateOrganization({ first = false, onDone }: { first?: boolean; onDone?: () => void }) {
  const me = useMe()
  const signOut = useSignOut()
  const navigate = useNavigate()
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
      await navigate({ to: '/console/lifecycle', search: { org: organization.slug } })
      onDone?.()
    },
  })
  const faults = fieldFaultsOf(create.error)
  const slug = toSlug(form.watch('name'))
  const timeZone = form.watch('timeZone')
  return (
    <main className="mx-auto flex min-h-full w-full max-w-[440px] flex-col px-5 pt-[12vh] pb-10">
      <title>Create an organization · Berth</title>
      <Brand />
      <h1 className="mt-6">Create an organization</h1>
      <p className="mt-1 mb-5 text-ink-2">
        {first && `Welcome, ${me.user?.name}. `}
        Workspaces, servers, members and the log belong to an organization. You will be its owner and can
        rename it later.
      </p>
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
          {first ? (
            <Button look="quiet" onClick={signOut}>
              Sign out
            </Button>
          ) : (
            <Button look="quiet" onClick={onDone}>
              Cancel
            </Button>
          )}
        </div>
      </form>
    </main>
  )
}
