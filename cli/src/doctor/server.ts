import { api, ApiError, databaseFinding, feedFinding, UnreachableError } from '@berth/contracts'
import type { Context } from '../core/context.ts'
import { fault, ok, said, weaker, type Finding } from './finding.ts'

/** A sign-in and a certificate tolerate about so much; tokens and codes go wrong beyond. */
const mostSkewMs = 5000

/** Whether Berth answers and is ready; the second is whether anything answers at all. */
export async function checkServer(context: Context): Promise<{ findings: Finding[]; answers: boolean }> {
  const sentAt = Date.now()
  let response: Response
  try {
    response = await context.fetch('/readyz', {})
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error
    const remedy = 'Start it (`npm start`), or say where it is with --url.'
    return { findings: [fault('server', error.message, remedy)], answers: false }
  }
  const arrivedAt = Date.now()
  const state = await readiness(response)
  if (!state) {
    const remedy = 'Check --url, and what a proxy in front of it passes on.'
    return {
      findings: [fault('server', `What answers at ${context.url} is not Berth.`, remedy)],
      answers: true,
    }
  }
  return {
    findings: [
      ok('server', `Berth answers at ${context.url}.`),
      said('database', databaseFinding(state.database)),
      said('feed', feedFinding(state.feed)),
      clockFinding(response.headers.get('date'), sentAt, arrivedAt),
    ],
    answers: true,
  }
}

async function readiness(response: Response): Promise<{ database: boolean; feed: boolean } | undefined> {
  try {
    const state = (await response.json()) as { database?: unknown; feed?: unknown } | null
    const { database, feed } = state ?? {}
    return typeof database === 'boolean' && typeof feed === 'boolean' ? { database, feed } : undefined
  } catch {
    return undefined
  }
}

/** The date header counts whole seconds, and was written at some moment while the request was under way. */
export function clockFinding(date: string | null, sentAt: number, arrivedAt: number): Finding {
  const there = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(there))
    return weaker('clock', 'The server does not tell its time, so clocks cannot be compared.')
  const behind = sentAt - (there + 999)
  const ahead = there - arrivedAt
  const skew = Math.max(behind, ahead, 0)
  if (skew <= mostSkewMs) return ok('clock', "This machine's clock and the server's agree.")
  const sentence = `The server's clock is ${Math.round(skew / 1000)} s ${behind > 0 ? 'behind' : 'ahead of'} this machine's.`
  return fault('clock', sentence, 'Let both machines set their clocks by NTP.')
}

/** How each part of the installation does; only operators are told. */
export async function checkInstallation(context: Context): Promise<Finding[]> {
  if (!context.token) {
    return [weaker('runners', 'Nobody is signed in, so the installation was not asked.', 'mcpctl login')]
  }
  try {
    const { parts } = await context.call(api.operator.health, {})
    return parts.map(({ part, ...finding }) => said(part, finding))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const remedy = error.problem.code === 'unauthenticated' ? 'mcpctl login' : 'Sign in as an operator.'
    return [weaker('runners', `The installation was not asked: ${error.problem.detail}`, remedy)]
  }
}
