import { ApiError, UnreachableError, type Problem } from '@berth/contracts'
import { CommanderError } from 'commander'
import { escapeText } from './text.ts'

/** What mcpctl's exit status says; scripts rely on it. */
export const exitCodes = { done: 0, refused: 1, usage: 2, notSignedIn: 3, unreachable: 4 } as const

/** A failure that a sentence explains; an empty one was told already. `next` is a command worth typing now. */
export class CliError extends Error {
  readonly exitCode: number
  readonly next: string | undefined
  constructor(exitCode: number, message: string, next?: string) {
    super(message)
    this.exitCode = exitCode
    this.next = next
  }
}

/** Something was refused, or did not work out (exit 1). */
export class RefusedError extends CliError {
  override readonly name = 'RefusedError'
  constructor(message: string, next?: string) {
    super(exitCodes.refused, message, next)
  }
}

/** The command line itself is wrong (exit 2). */
export class UsageError extends CliError {
  override readonly name = 'UsageError'
  constructor(message: string, next?: string) {
    super(exitCodes.usage, message, next)
  }
}

/** Nobody is signed in, or no longer (exit 3). */
export class NotSignedInError extends CliError {
  override readonly name = 'NotSignedInError'
  constructor(message: string, next = 'mcpctl login') {
    super(exitCodes.notSignedIn, message, next)
  }
}

/** Why a file that was named cannot be read, to stand behind what it is. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'you may not read it'
  return code === 'EISDIR' ? 'it is a folder' : message
}

/** An error as it is shown: the exit status, and the lines for stderr. */
export interface Failure {
  exitCode: number
  lines: string[]
}

/**
 * The one place that turns any error into an exit status and lines for people.
 * Never a stack trace; what the server sent is escaped. Commander has printed its own message already.
 */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? exitCodes.done : exitCodes.usage, lines: [] }
  }
  if (error instanceof ApiError) return describeProblem(error.problem)
  if (error instanceof CliError) return describe(error.exitCode, error.message, error.next)
  if (error instanceof UnreachableError) {
    return describe(exitCodes.unreachable, error.message)
  }
  const message = error instanceof Error ? error.message : String(error)
  return describe(exitCodes.refused, `mcpctl could not go on: ${message}`)
}

function describe(exitCode: number, sentence: string, next?: string): Failure {
  if (!sentence) return { exitCode, lines: [] }
  const lines = [`Error: ${escapeText(sentence)}`]
  if (next) lines.push(`Next: ${escapeText(next)}`)
  return { exitCode, lines }
}

function describeProblem(problem: Problem): Failure {
  const lines = [`Error: ${escapeText(problem.detail)}`]
  for (const fault of problem.errors ?? []) {
    const told = `${fault.path || '(input)'}: ${fault.message}`
    // The sentence of the server is often the first fault itself.
    if (!problem.detail.includes(told)) lines.push(`  ${escapeText(told)}`)
  }
  for (const note of problem.notes ?? []) lines.push(`  note: ${escapeText(note)}`)
  lines.push(`  code: ${problem.code}, request: ${escapeText(problem.requestId)}`)
  const next = nextAfter(problem)
  if (next) lines.push(`Next: ${escapeText(next)}`)
  const exitCode = notSignedIn.has(problem.code) ? exitCodes.notSignedIn : exitCodes.refused
  return { exitCode, lines }
}

const notSignedIn = new Set<Problem['code']>(['unauthenticated', 'second_factor_required'])

function nextAfter(problem: Problem): string | undefined {
  if (problem.code === 'unauthenticated') return 'mcpctl login'
  if (problem.decisionId) return `mcpctl policy explain ${problem.decisionId}`
  if (problem.code === 'forbidden') return 'mcpctl whoami'
  return undefined
}
