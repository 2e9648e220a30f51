import { pendingStatus, type LogEvent } from '@berth/contracts'
import type { Tone } from '../../ui/Badge.tsx'
import { holdWordsOf } from '../lifecycle/marks.ts'
import { mayHold } from '../lifecycle/notes.ts'

export interface Told {
  title: string
  /** What follows, or the facts; null: nothing more to say. */
  detail: string | null
  tone: Tone
}

interface Change {
  field: string
  previous: unknown
  current: unknown
}

/** An event in words, for people. */
export function describe({ type, payload }: LogEvent, people?: ReadonlyMap<string, string>): Told {
  switch (type) {
    case 'deployment.created':
      return told('Created', `${text(payload.server)} ${text(payload.version)}`, 'accent')
    case 'deployment.updated':
      return told('Settings changed', listOf(payload.fields), 'accent')
    case 'deployment.started':
      return told('Asked to start', null, 'accent')
    case 'deployment.stopped':
      return told('Asked to stop', null, 'idle')
    case 'deployment.restarted':
      return told('Asked to restart', null, 'accent')
    case 'deployment.deleted':
      return told('Deleted', null, 'idle')
    case 'deployment.changed':
      return changed(payload)
    case 'decision.made':
      return payload.allowed
        ? told('Policy allowed it', `at ${text(payload.moment)}`, 'good')
        : told('Policy held it', heldBy(payload), 'bad')
    case 'surface.drifted':
      return told(
        'Tools differ from what was admitted',
        counted(countOf(payload.differences), 'difference'),
        'bad',
      )
    case 'surface.accepted':
      return told('Changed tools accepted', null, 'good')
    case 'run.created':
      return told(`${capital(payload.kind)} run created`, null, 'idle')
    case 'run.changed':
      return runChanged(payload)
    case 'calls.recorded':
      return told('Calls recorded', counted(payload.count, 'call'), 'idle')
    default:
      return told(capital(type.replace('.', ' ').replaceAll('_', ' ')), factsOf(payload, people), 'idle')
  }
}

/** At what policy was asked, and what of its answer holds. */
function heldBy({ moment, notes }: LogEvent['payload']): string {
  const holding = Array.isArray(notes) ? notes.map(text).filter(mayHold) : []
  return [`at ${text(moment)}`, ...holding].join(' · ')
}

/** Fields that say what an event is about, as far as it has them. */
const telling = [
  'name',
  'server',
  'version',
  'code',
  'key',
  'tier',
  'region',
  'plan',
  'number',
  'kind',
  'role',
]

/** Whom or what an event is about, in a few words: `Ada · developer`, `acme/weather · 1.2.0`, `free → team`. */
function factsOf(payload: LogEvent['payload'], people: ReadonlyMap<string, string> | undefined): string {
  const { userId, previous, current } = payload
  const whom = typeof userId === 'string' ? people?.get(userId) : undefined
  const facts = telling.map((field) => payload[field]).filter((fact) => isWord(fact) && fact !== '')
  const change = isWord(previous) && isWord(current) ? [`${previous} → ${current}`] : []
  return [...(whom ? [whom] : []), ...new Set(facts), ...amountsOf(payload.items), ...change].join(' · ')
}

/** How much of what, of events about quota: `gateway.tool_calls 1,000`. */
function amountsOf(items: unknown): string[] {
  if (!Array.isArray(items)) return []
  return items.flatMap(({ key, quantity }: { key?: unknown; quantity?: unknown }) =>
    typeof quantity === 'number' ? [`${text(key)} ${quantity.toLocaleString('en')}`] : [],
  )
}

const isWord = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number'

function changed(payload: LogEvent['payload']): Told {
  const changes = changesOf(payload)
  const reason = typeof payload.reason === 'string' ? payload.reason : null
  const hold = changes.find(({ field }) => field === 'hold')
  // The reason begins as the title does.
  if (hold?.current)
    return told(`Held: ${heldFor(hold.current, changes)}`, reason?.replace(/^Held: /, '') ?? null, 'bad')
  if (hold && !hold.current) return told('No longer held', reason, 'good')
  const phase = changes.find(({ field }) => field === 'phase')
  if (phase)
    return told(capital(phase.current), reason ?? `was ${text(phase.previous)}`, phaseTone(phase.current))
  const health = changes.find(({ field }) => field === 'health')
  if (health)
    return told(`Health: ${text(health.current)}`, reason, health.current === 'healthy' ? 'good' : 'wait')
  const failures = changes.find(({ field }) => field === 'failures')
  if (failures?.current === 0) return told('Stable', reason ?? 'earlier failures count no more', 'good')
  if (failures) return told(`${counted(failures.current, 'failure')} in a row`, reason, 'bad')
  return told('Changed', reason ?? changes.map(({ field }) => field).join(', '), 'idle')
}

function runChanged(payload: LogEvent['payload']): Told {
  const changes = changesOf(payload)
  const status = changes.find(({ field }) => field === 'status')?.current
  const reason = typeof payload.reason === 'string' ? payload.reason : null
  const kind = capital(payload.kind)
  if (status === undefined) {
    const step = changes.find(({ field }) => field === 'step')?.current
    return told(step ? `${kind} run: ${text(step)}` : `${kind} run changed`, reason, 'idle')
  }
  const tone = status === 'succeeded' ? 'good' : /failed|errored|rejected/.test(text(status)) ? 'bad' : 'idle'
  if (status === 'pending') return told(`${kind} run waits for its next try`, null, tone)
  return told(`${kind} run ${status === 'running' ? 'began' : text(status).replace('_', ' ')}`, reason, tone)
}

/** What it waits for, in the words of the pages that show it held. */
function heldFor(status: unknown, changes: Change[]): string {
  const known = pendingStatus.safeParse(status)
  const notes = changes.find(({ field }) => field === 'holdNotes')?.current
  const holdNotes = Array.isArray(notes) ? notes.map(text) : []
  return known.success ? holdWordsOf({ hold: known.data, holdNotes }) : text(status)
}

function phaseTone(phase: unknown): Tone {
  if (phase === 'running') return 'good'
  if (phase === 'failed') return 'bad'
  return phase === 'stopped' ? 'idle' : 'wait'
}

function changesOf(payload: LogEvent['payload']): Change[] {
  return Array.isArray(payload.changes) ? (payload.changes as Change[]) : []
}

/** A value of an event as a word; events carry words and numbers where one is shown, and earlier ones may lack it. */
function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'unknown')
}

function listOf(value: unknown): string {
  return Array.isArray(value) ? value.map(text).join(' · ') : ''
}

const counted = (count: unknown, noun: string) =>
  typeof count === 'number' ? `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}` : null

function countOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}

function capital(word: unknown): string {
  const plain = text(word)
  return plain.charAt(0).toUpperCase() + plain.slice(1)
}

function told(title: string, detail: string | null, tone: Tone): Told {
  return { title, detail: detail || null, tone }
}
