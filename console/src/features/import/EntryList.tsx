import type { ClientFile } from '@berth/contracts'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { useMe, useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'
import { Table, Th } from '../../ui/Table.tsx'
import { type Entry, entryOf, type Importable } from './entries.ts'
import { count, EntryRow, wide } from './EntryRow.tsx'
import { ImportHeader } from './ImportHeader.tsx'
import { useReleases } from './queries.ts'
import { useGiven } from './useGiven.ts'
import { useImport } from './useImport.ts'
import { usePlace } from './usePlace.tsx'

export interface EntryListProps {
  name: string
  file: ClientFile
  /** Reads another file instead. */
  onAnother: () => void
}

/** The entries of a file: what each becomes, where, and the way there. */
export function EntryList({ name, file, onAnother }: EntryListProps) {
  const organization = useOrganization()
  const me = useMe()
  const { base, setBase, choices, setChoice, answers, setAnswer, outlooks, relative, plans } = useGiven(file)
  const { releases, error, retry } = useReleases(plans)
  const place = usePlace()
  const { progress, running, run } = useImport()
  const [opened, setOpened] = useState<Record<string, boolean>>({})
  const [judged, setJudged] = useState(0)
  const form = useRef<HTMLFormElement>(null)
  const navigate = useNavigate()
  useEffect(() => {
    if (judged > 0) form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }, [judged])

  const entries = outlooks.map((outlook): Entry =>
    entryOf(outlook, choices[outlook.entry] ?? {}, {
      releases: releases ?? [],
      taken: place.taken,
      operator: me.platformRoles.includes('operator'),
      answers,
      origin: window.location.origin,
    }),
  )
  const can = entries.filter((one): one is Importable => one.kind === 'can')
  const wanted = can.filter(
    (one) => !one.choice.left && !one.barred && (progress.get(one.entry)?.kind ?? 'failed') === 'failed',
  )
  const done = can.filter((one) => progress.get(one.entry)?.kind === 'done').length
  const refused =
    whyNot(organization, 'deployments:write') ??
    (wanted.some(({ secrets }) => secrets.length > 0) ? whyNot(organization, 'secrets:write') : null) ??
    place.refused ??
    (wanted.length === 0 ? (done > 0 ? 'All of them are imported.' : 'No entry is chosen.') : null)

  async function submit(): Promise<void> {
    const faulty = wanted.filter(({ faults }) => Object.keys(faults).length > 0)
    setOpened((before) => ({ ...before, ...Object.fromEntries(faulty.map(({ entry }) => [entry, true])) }))
    setJudged(judged + 1)
    if (faulty.length > 0) return
    const workspaceId = await place.ensure()
    if (workspaceId !== null) await run(workspaceId, wanted, answers)
  }

  const another = (
    <Button whyNot={running ? 'The import is under way.' : null} onClick={onAnother}>
      Read another file
    </Button>
  )
  if (outlooks.length === 0)
    return (
      <>
        <ImportHeader>{another}</ImportHeader>
        <EmptyState title={`${name} names no servers`}>
          It is a settings file, but its list is empty.
        </EmptyState>
      </>
    )
  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <ImportHeader>
        {another}
        {done > 0 && wanted.length === 0 ? (
          <Button
            look="primary"
            onClick={() =>
              void navigate({
                to: '/console/lifecycle',
                search: { org: organization.slug, workspace: place.key },
              })
            }
          >
            Show what runs
          </Button>
        ) : (
          <Button
            type="submit"
            look="primary"
            whyNot={releases || plans.length === 0 ? refused : 'The catalog is being looked through.'}
            pending={(running || place.creating) && 'Importing…'}
          >
            {wanted.length > 0 ? `Import ${count(wanted.length, 'server')}` : 'Import'}
          </Button>
        )}
      </ImportHeader>
      <div className="flex flex-col gap-4">
        <div className="grid max-w-[880px] gap-3 @2xl:grid-cols-2">
          {place.fields}
          {relative && (
            <Field
              label="Folder of the file"
              optional
              hint="On the machine that runs Berth; relative paths are looked for from there."
            >
              <Input
                autoComplete="off"
                className="font-mono"
                placeholder="/home/ada/project"
                value={base}
                onChange={(event) => setBase(event.target.value.trim())}
              />
            </Field>
          )}
        </div>
        <p role="status" className="text-ink-2 empty:hidden">
          {progress.size > 0 && summary(done, progress.size, running)}
        </p>
        {error && <ErrorPanel {...factsOf(error)} onRetry={retry} />}
        <section
          aria-label={`Entries of ${name}`}
          className="overflow-hidden rounded-lg border border-line bg-panel"
        >
          {plans.length > 0 && !releases && !error ? (
            <RowsSkeleton label="Looking through the catalog" rows={outlooks.length} />
          ) : (
            <Table>
              <thead>
                <tr>
                  <Th className="w-9">
                    <span className="sr-only">Import it</span>
                  </Th>
                  <Th className="@3xl:w-[18%]">Entry</Th>
                  <Th className={wide}>Becomes</Th>
                  <Th className={`${wide} @3xl:w-[14%]`}>Is given</Th>
                  <Th className="w-[48%] @3xl:w-[20%]">State</Th>
                </tr>
              </thead>
              <tbody>
                {entries.map((one) => (
                  <EntryRow
                    key={one.entry}
                    one={one}
                    inputs={file.inputs}
                    progress={progress.get(one.entry)}
                    judged={judged > 0}
                    answers={answers}
                    open={opened[one.entry] ?? (asks(one) || progress.get(one.entry)?.kind === 'failed')}
                    onOpen={(open) => setOpened({ ...opened, [one.entry]: open })}
                    onAnswer={setAnswer}
                    onChoice={(choice) => setChoice(one.entry, choice)}
                  />
                ))}
              </tbody>
            </Table>
          )}
        </section>
      </div>
    </form>
  )
}

/** Whether something must be typed before it can be imported. */
const asks = (one: Entry) => one.kind === 'can' && one.secrets.some((secret) => secret.asks.length > 0)

function summary(done: number, all: number, running: boolean): string {
  if (running) return `${done} of ${all} imported.`
  const failed = all - done
  return failed === 0
    ? `${count(done, 'server')} imported.`
    : `${done} of ${all} imported; ${failed} not, for the reasons above.`
}
