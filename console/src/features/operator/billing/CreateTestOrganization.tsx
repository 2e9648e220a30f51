import { api } from '@berth/contracts'
import { useState } from 'react'
import { call } from '../../../api/client.ts'
import { Field, Input } from '../../../ui/Field.tsx'
import { Select } from '../../../ui/Select.tsx'
import { timeZones } from '../../organizations/timeZones.ts'
import { DeedDialog } from './DeedDialog.tsx'

/** Creates an organization whose clock stands until somebody moves it. */
export function CreateTestOrganization({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [timeZone, setTimeZone] = useState('UTC')
  const [now, setNow] = useState('')
  const time = now.trim() ? Date.parse(now) : undefined
  return (
    <DeedDialog
      title="Create a test organization"
      text="It has a clock of its own, which you move forward, and nothing in it is ever paid for with real money. It stays a test organization, and you own it."
      deed="Create it"
      keep="Cancel"
      doing="Creating…"
      whyNot={
        name.trim()
          ? Number.isNaN(time)
            ? 'Say a time, such as 2030-01-01T00:00:00Z.'
            : null
          : 'Give it a name.'
      }
      run={() =>
        call(api.billing.createTestOrganization, {
          body: {
            name: name.trim(),
            timeZone,
            ...(time === undefined ? {} : { now: new Date(time).toISOString() }),
          },
        })
      }
      done={`${name.trim()} is created; its clock stands.`}
      onClose={onClose}
    >
      <Field label="Name">
        <Input autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
      <Field label="Time zone" hint="Its periods begin and end by the calendar of this zone.">
        <Select label="Time zone" options={timeZones} value={timeZone} onChange={setTimeZone} />
      </Field>
      <Field
        label="Time"
        optional
        hint="What time it is there, such as 2030-01-01T00:00:00Z. Empty: the present time."
      >
        <Input
          autoComplete="off"
          className="font-mono"
          value={now}
          onChange={(event) => setNow(event.target.value)}
        />
      </Field>
    </DeedDialog>
  )
}
