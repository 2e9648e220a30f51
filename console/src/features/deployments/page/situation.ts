import { type Deployment, deploymentWord } from '@berth/contracts'
import { holdWordsOf } from '../../lifecycle/marks.ts'

export type Deed = 'review' | 'rollback' | 'restart' | 'start' | 'settings' | 'log' | 'explain'

/** Why a deployment is not as it is wanted, told whole. */
export interface Situation {
  tone: 'bad' | 'wait'
  title: string
  what: string
  who: string
  next: string
  deeds: readonly Deed[]
  /** What its process wrote last, when it ended. */
  lines: string | null
}

const by = {
  itself: 'Its own process did; nobody here stopped it.',
  server: 'The server itself: it lists this now, and nobody here changed it. Policy took it out of service.',
  policy: 'Policy. “Explain the decision” shows what each of its gates found.',
  operator: 'An operator of this installation.',
}

/** What is to be told of a deployment; null when it is as it is wanted. */
export function situationOf(deployment: Deployment): Situation | null {
  const { hold, quarantined, reason, desired } = deployment
  const word = deploymentWord(deployment)
  if (hold && desired === 'running') return heldSituation(deployment)
  const [sentence = '', ...rest] = (reason ?? '').split('\n')
  const lines = rest.join('\n').trim() || null
  if (quarantined)
    return {
      tone: 'bad',
      title: 'In quarantine',
      what: sentence || 'It was taken out of service.',
      who: by.policy,
      next: 'It resumes by itself once it is taken out of quarantine. Until then every call is refused.',
      deeds: ['explain', 'log'],
      lines,
    }
  if (!reason) return null
  if (word === 'failed')
    return { ...broken(deployment, sentence, lines), tone: 'bad', title: 'Berth gave up on it' }
  if (word === 'launching' && deployment.failures > 0)
    return { ...broken(deployment, sentence, lines), tone: 'wait', title: 'It keeps failing' }
  if (word === 'degraded')
    return {
      tone: 'wait',
      title: deployment.health === 'unreachable' ? 'It does not answer' : 'It answers badly',
      what: sentence,
      who: by.itself,
      next: 'It is asked again every few seconds, and is healthy as soon as it answers. Calls go to it meanwhile.',
      deeds: ['restart', 'log', 'settings'],
      lines,
    }
  return { tone: 'wait', title: 'What happens now', what: sentence, who: '', next: '', deeds: ['log'], lines }
}

function heldSituation(deployment: Deployment): Situation {
  const { holdNotes, reason } = deployment
  const has = (start: string) => holdNotes.some((note) => note.startsWith(start))
  const told = (reason ?? '').replace(/^Held: /, '')
  const held = { tone: 'wait' as const, title: `Held: ${holdWordsOf(deployment)}`, what: told, lines: null }
  const waits =
    'Open sessions have ended and every call is refused. Nothing more happens until somebody decides.'
  if (has('trust:release:blocked') || has('trust:release:yanked'))
    return { ...held, who: by.operator, next: waits, deeds: ['rollback', 'settings', 'explain'] }
  if (has('trust:drift'))
    return {
      ...held,
      what: told.split(' Look at the differences.')[0]!,
      who: by.server,
      next: `${waits} It resumes at once when the new surface is accepted, or when it shows the old one after a restart.`,
      deeds: ['review', 'rollback', 'restart', 'settings', 'explain'],
    }
  if (has('trust:surface:unadmitted'))
    return { ...held, who: by.policy, next: waits, deeds: ['review', 'rollback', 'settings', 'explain'] }
  if (has('trust:artifact:mismatch'))
    return { ...held, who: by.policy, next: waits, deeds: ['restart', 'rollback', 'explain'] }
  const next = 'It is decided again by itself whenever what holds it changes, and it launches then.'
  return { ...held, who: by.policy, next, deeds: ['explain', 'settings'] }
}

/** Of a process that ended, or that never came to answer. */
function broken(deployment: Deployment, what: string, lines: string | null) {
  const { failures, failureLimit, nextAttemptAt } = deployment
  const left = failureLimit - failures
  const sentence = what.split(' It failed ')[0]!
  const inRow = failures > 1 ? ` That was ${failures} times in a row.` : ''
  if (deployment.phase === 'failed')
    return {
      what: `${sentence}${inRow}`,
      who: by.itself,
      next: 'It is not started again by itself, and every call is refused. Fix what its last lines complain about, then start it here; a change of its settings starts it, too.',
      deeds: ['start', 'settings', 'rollback', 'log'] as const,
      lines,
    }
  return {
    what: `${sentence}${inRow}`,
    who: by.itself,
    next: `It is started again by itself${nextAttemptAt ? '' : ' now'}; after ${left === 1 ? 'one more failure' : `${left} more failures`} Berth gives up on it. Calls are refused until it runs.`,
    deeds: ['restart', 'settings', 'rollback', 'log'] as const,
    lines,
  }
}
