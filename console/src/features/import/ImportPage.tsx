import type { ClientFile } from '@berth/contracts'
import { useMemo, useRef, useState } from 'react'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useOrganization } from '../../app/session.ts'
import { EntryList } from './EntryList.tsx'
import { ImportHeader } from './ImportHeader.tsx'
import { ReadFile } from './ReadFile.tsx'

/** From an MCP client's settings file to deployments of a workspace. */
export function ImportPage() {
  const organization = useOrganization()
  const [given, setGiven] = useState<{ name: string; file: ClientFile } | null>(null)
  const chooser = useRef<HTMLInputElement>(null)
  usePageActions(
    useMemo(
      (): Action[] =>
        given
          ? [{ id: 'another', label: 'Read another file', run: () => setGiven(null) }]
          : [{ id: 'choose', label: 'Choose a settings file', run: () => chooser.current?.click() }],
      [given],
    ),
  )
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`Import · ${organization.name} · Berth`}</title>
      {given ? (
        <EntryList {...given} onAnother={() => setGiven(null)} />
      ) : (
        <>
          <ImportHeader />
          <ReadFile chooser={chooser} onRead={(name, file) => setGiven({ name, file })} />
        </>
      )}
    </main>
  )
}
