/** Says how a process ended, in one sentence. */
import { constants } from 'node:os'

export interface ExitFacts {
  code: number | null
  signal: NodeJS.Signals | null
  sandboxed: boolean
  /** Kills by the kernel for want of memory, counted in the control group. */
  oomKills: number
  memoryMb: number
  /** Why we killed it, or null. */
  killedFor: string | null
  stopped: boolean
  stderrTail: string[]
}

export interface ExitSummary {
  code: number | null
  signal: NodeJS.Signals | null
  oom: boolean
  reason: string
}

/** bubblewrap reports a signal as 128 + its number, as shells do. */
export function summarizeExit(facts: ExitFacts): ExitSummary {
  const passedOn =
    facts.sandboxed && facts.code !== null && facts.code > 128 ? signalName(facts.code - 128) : null
  const signal = facts.signal ?? passedOn
  const code = passedOn === null ? facts.code : null
  const failed = signal !== null || code !== 0
  const heapOom =
    failed && facts.stderrTail.some((line) => /JavaScript heap out of memory|std::bad_alloc/.test(line))
  const oom = facts.killedFor === null && ((facts.oomKills > 0 && failed) || heapOom)
  return { code, signal, oom, reason: reasonFor({ ...facts, code, signal }, oom) }
}

function reasonFor(facts: ExitFacts, oom: boolean): string {
  if (facts.killedFor !== null) return facts.killedFor
  if (oom) return `ran out of memory (limit ${facts.memoryMb} MB)`
  if (facts.stopped) return 'stopped'
  const problem = startProblem(facts)
  if (problem !== null) return `could not start: ${problem}`
  return facts.signal === null ? `exited with code ${facts.code}` : `was killed by ${facts.signal}`
}

function startProblem({ code, stderrTail }: ExitFacts): string | null {
  const last = stderrTail.at(-1) ?? ''
  if (code === 1 && last.startsWith('bwrap: ')) return last.slice('bwrap: '.length).replace(/^execvp /, '')
  if (code === 125) return `its control group could not be joined (${last})`
  if (code !== 126 && code !== 127) return null
  return last.replace(/^prlimit: failed to execute /, '') || 'no such program'
}

function signalName(number: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, value]) => value === number)
  return found ? (found[0] as NodeJS.Signals) : null
}
