import { api } from '@berth/contracts'
import { useState } from 'react'
import { call } from '../../../api/client.ts'
import { Field, Input } from '../../../ui/Field.tsx'
import { DeedDialog } from './DeedDialog.tsx'
import type { OpenDrift } from './queries.ts'

/** Asks what was done about a difference, and takes it off the list. */
export function SettleDrift({
  drift: { provider, identity },
  onClose,
}: {
  drift: OpenDrift
  onClose: () => void
}) {
  const [given, setGiven] = useState('')
  const reason = given.trim()
  return (
    <DeedDialog
      title="Mark the difference as dealt with"
      text="It goes from this list and stays away as long as it does not change. What you did about it stands in the log."
      deed="Take it off the list"
      doing="Saving…"
      whyNot={reason ? null : 'Say what was done about it: it stands in the log.'}
      run={() => call(api.payments.settleDrift, { body: { provider, identity, reason } })}
      done="The difference is dealt with."
      onClose={onClose}
    >
      <Field label="What was done about it">
        <Input
          autoComplete="off"
          maxLength={400}
          value={given}
          onChange={(event) => setGiven(event.target.value)}
        />
      </Field>
    </DeedDialog>
  )
}
