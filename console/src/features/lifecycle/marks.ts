import { type Deployment, deploymentWord, pendingMeanings, type Run } from '@berth/contracts'
import type { Mark } from '../../ui/StatusMark.tsx'

type Word = ReturnType<typeof deploymentWord>

const words: Record<Word, Omit<Mark, 'word'>> = {
  running: { tone: 'good', shape: 'dot' },
  degraded: { tone: 'wait', shape: 'warning' },
  launching: { tone: 'wait', shape: 'progress' },
  held: { tone: 'wait', shape: 'diamond' },
  quarantined: { tone: 'bad', shape: 'octagon' },
  stopping: { tone: 'wait', shape: 'progress' },
  stopped: { tone: 'idle', shape: 'square' },
  failed: { tone: 'bad', shape: 'cross' },
}

/** The one word for a deployment, as contracts derives it. */
export function wordMark(deployment: Deployment): Mark {
  const word = deploymentWord(deployment)
  // Whether a running process answers is told by its health, in the next column.
  const shown = word === 'degraded' ? 'running' : word
  return { ...words[shown], word: shown }
}

/** What its processes do, whatever is wanted of them. */
export function phaseMark({ phase, desired, hold }: Deployment): Mark {
  if (phase === 'absent') return { tone: 'idle', shape: 'none', word: 'not yet' }
  // Down against its will: as grave as what keeps it down.
  const unwanted = phase === 'stopped' && desired === 'running'
  return {
    ...words[phase],
    ...(unwanted ? { tone: hold ? ('wait' as const) : ('bad' as const) } : {}),
    word: phase,
  }
}

/** How it answers; nothing can be said of what does not run. */
export function healthMark({ health, phase }: Deployment): Mark {
  if (health === 'healthy') return { tone: 'good', shape: 'check', word: 'healthy' }
  if (health === 'degraded') return { tone: 'wait', shape: 'warning', word: 'degraded' }
  if (health === 'unreachable') return { tone: 'bad', shape: 'cross', word: 'unreachable' }
  return { tone: 'idle', shape: 'none', word: phase === 'running' ? 'unknown' : 'none' }
}

const runTones: Record<Run['status'], Omit<Mark, 'word'>> = {
  pending: { tone: 'wait', shape: 'progress' },
  awaiting_approval: { tone: 'wait', shape: 'diamond' },
  running: { tone: 'accent', shape: 'progress' },
  succeeded: { tone: 'good', shape: 'check' },
  failed: { tone: 'bad', shape: 'cross' },
  errored: { tone: 'bad', shape: 'warning' },
  cancelled: { tone: 'idle', shape: 'none' },
  rejected: { tone: 'bad', shape: 'octagon' },
}

export function runMark(status: Run['status']): Mark {
  return { ...runTones[status], word: status.replace('_', ' ') }
}

/** A kind of run that is done, and one that is under way. */
export const runWords: Record<Run['kind'], { done: string; doing: string }> = {
  launch: { done: 'launched', doing: 'launching' },
  evaluation: { done: 'evaluated', doing: 'evaluating' },
  promotion: { done: 'promoted', doing: 'promoting' },
  remediation: { done: 'remedied', doing: 'remedying' },
  rotation: { done: 'rotated', doing: 'rotating' },
  revision: { done: 'revised', doing: 'revising' },
  erasure: { done: 'erased', doing: 'erasing' },
}

/** Notes that say more than the status they lead to. */
const noteWords: [start: string, words: string][] = [
  ['trust:drift', 'it shows other tools than those that were admitted'],
  ['trust:artifact:mismatch', 'its files are not those that were admitted'],
  ['trust:release:blocked', 'its release was blocked by an operator'],
  ['trust:release:yanked', 'its release was yanked by an operator'],
  ['capability:local:tier', 'its tier does not run servers from folders'],
  ['capability:sandbox:missing', 'its tier demands a sandbox and no machine has one'],
]

/** What a deployment is held for, in words; a note that says more than the status goes first. */
export function holdWordsOf({ hold, holdNotes }: Pick<Deployment, 'hold' | 'holdNotes'>): string {
  if (!hold) return 'nothing'
  const telling = noteWords.find(([start]) => holdNotes.some((note) => note.startsWith(start)))
  return telling?.[1] ?? pendingMeanings[hold]
}

/** Words of deployments that somebody should look at. */
export const troubles = ['held', 'failed', 'quarantined', 'degraded'] as const
const troubled: ReadonlySet<Word> = new Set(troubles)
const grave: ReadonlySet<Word> = new Set<Word>(['failed', 'quarantined'])

/** Whether it is more than waiting for something. */
export function isBad(deployment: Deployment): boolean {
  return grave.has(deploymentWord(deployment))
}

/** Whether somebody should look at it. */
export function needsAttention(deployment: Deployment): boolean {
  return troubled.has(deploymentWord(deployment))
}
