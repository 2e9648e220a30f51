import { type ClientFile, outlooksOf } from '@berth/contracts'
import { useMemo, useState } from 'react'
import type { Choice } from './entries.ts'
import { placeScript } from './reading.ts'

/** A file together with what the person says about its entries. */
export function useGiven(file: ClientFile) {
  const [base, setBase] = useState('')
  const [choices, setChoices] = useState<Readonly<Record<string, Choice>>>({})
  const [answers, setAnswers] = useState<Record<string, string>>({})
  // Only these change a plan; what else is typed must not plan everything anew.
  const folders = JSON.stringify(Object.entries(choices).map(([entry, { folder }]) => [entry, folder]))
  const { outlooks, relative } = useMemo(() => {
    const chosen = new Map(JSON.parse(folders) as [string, string | null][])
    let leads = false
    const planned = outlooksOf(file, (entry) => ({
      scriptAt: (script, cwd) => {
        leads ||= ![script, cwd].some((path) => path?.startsWith('/'))
        return placeScript(script, cwd, base, chosen.get(entry) ?? undefined)
      },
    }))
    return { outlooks: planned, relative: leads }
  }, [file, base, folders])
  return {
    base,
    setBase,
    choices,
    setChoice: (entry: string, choice: Choice) => setChoices((before) => ({ ...before, [entry]: choice })),
    answers,
    setAnswer: (reference: string, value: string) =>
      setAnswers((before) => ({ ...before, [reference]: value })),
    outlooks,
    /** Whether a script is named from where the file lies. */
    relative,
    plans: useMemo(() => outlooks.flatMap((one) => ('plan' in one ? [one.plan] : [])), [outlooks]),
  }
}
