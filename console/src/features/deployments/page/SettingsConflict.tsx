import type { Deployment } from '@berth/contracts'
import { useState } from 'react'
import { Button } from '../../../ui/Button.tsx'
import { Inert, inertText } from '../../../ui/Inert.tsx'
import type { ConfigField } from '../schemaFields.ts'
import {
  formOf,
  type Meeting,
  meetingsOf,
  rebased,
  type SettingsForm,
  settingsOf,
  taken,
} from './settingsForm.ts'

export interface SettingsConflictProps {
  /** What the person began with, what it is now, and what they typed. */
  base: Deployment
  current: Deployment
  form: SettingsForm
  fields: ConfigField[] | null
  onTake: () => void
  onSettle: (form: SettingsForm) => void
}

/** What somebody else changed meanwhile: what only they changed is taken over, what both changed is chosen. */
export function SettingsConflict({ base, current, form, fields, onTake, onSettle }: SettingsConflictProps) {
  const [theirs, setTheirs] = useState<ReadonlySet<string>>(new Set())
  const meetings = meetingsOf(base, current, settingsOf(form, fields))
  const choose = (field: string, isTheirs: boolean) => {
    const next = new Set(theirs)
    if (isTheirs) next.add(field)
    else next.delete(field)
    setTheirs(next)
  }
  const settle = () => {
    const present = formOf(current, fields)
    const merged = rebased(form, formOf(base, fields), present)
    onSettle([...theirs].reduce((so, field) => taken(so, present, field), merged))
  }
  return (
    <section
      aria-label="This is how it is now"
      className="rounded-lg border border-wait bg-wait-bg px-3 py-2.5 text-xs"
    >
      <p className="text-sm font-[650] text-wait">This is how it is now</p>
      <p className="mb-1.5 text-ink-2">
        Somebody saved other settings while you typed. What only they changed is kept; choose where you both
        did.
      </p>
      {meetings.map((meeting) => (
        <Row
          key={meeting.field}
          meeting={meeting}
          theirs={theirs.has(meeting.field)}
          onChoose={(isTheirs) => choose(meeting.field, isTheirs)}
        />
      ))}
      <div className="mt-2 flex flex-wrap gap-2">
        <Button onClick={settle}>
          {meetings.some(({ mine }) => mine !== undefined)
            ? 'Go on with what I chose'
            : 'Keep mine, on top of theirs'}
        </Button>
        <Button onClick={onTake}>Take all of theirs</Button>
      </div>
    </section>
  )
}

function Row(props: { meeting: Meeting; theirs: boolean; onChoose: (isTheirs: boolean) => void }) {
  const { meeting, theirs, onChoose } = props
  const { field, before, now, mine } = meeting
  const shown = (value: unknown) => (
    <span className="font-mono break-words">
      <Inert text={inertText(value)} />
    </span>
  )
  if (mine === undefined)
    return (
      <div className="grid grid-cols-[128px_minmax(0,1fr)] gap-x-2 py-0.5">
        <span className="text-ink-2">{field}</span>
        <span>
          <s className="text-ink-2">{shown(before)}</s> → {shown(now)}
        </span>
      </div>
    )
  return (
    <fieldset className="grid grid-cols-[128px_minmax(0,1fr)] gap-x-2 py-0.5">
      <legend className="contents">
        <span className="text-ink-2">{field}</span>
      </legend>
      <div>
        {[
          { label: 'Mine', value: mine, checked: !theirs, isTheirs: false },
          { label: 'Theirs', value: now, checked: theirs, isTheirs: true },
        ].map(({ label, value, checked, isTheirs }) => (
          <label key={label} className="flex items-start gap-1.5">
            <input
              type="radio"
              name={`choice ${field}`}
              checked={checked}
              onChange={() => onChoose(isTheirs)}
              className="mt-1 accent-accent"
            />
            <span>
              {label}: {shown(value)}
            </span>
          </label>
        ))}
        <p className="text-ink-3">It was {shown(before)}.</p>
      </div>
    </fieldset>
  )
}
