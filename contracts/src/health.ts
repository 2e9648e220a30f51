import { z } from 'zod'
import { amount } from './amount.ts'
import { timestamp } from './ids.ts'

/** `degraded` works, but not as well as it could; `down` is to be mended. */
export const healthState = z.enum(['ok', 'degraded', 'down'])
export type HealthState = z.infer<typeof healthState>

/** A number or word that a part is judged by. */
export const healthFact = z.object({
  name: z.string(),
  value: z.union([z.number(), z.string()]),
  unit: z.enum(['bytes', 'seconds']).nullable().describe('Null: a count or a word'),
})
export type HealthFact = z.infer<typeof healthFact>

export const healthPart = z.object({
  part: z.string(),
  state: healthState,
  sentence: z.string(),
  remedy: z
    .string()
    .nullable()
    .describe('What to do about it; null where all is well or the sentence says it'),
  facts: z.array(healthFact),
})
export type HealthPart = z.infer<typeof healthPart>

export const installationHealth = z.object({
  state: healthState.describe('That of the part that is worst off'),
  version: z.string(),
  schemaVersion: z.number().int(),
  publicUrl: z.string(),
  startedAt: timestamp.describe('When the process that answers was started'),
  checkedAt: timestamp,
  parts: z.array(healthPart),
})
export type InstallationHealth = z.infer<typeof installationHealth>

/** What a check says; the server and `mcpctl doctor` say it in the same words. */
export type Finding = Pick<HealthPart, 'state' | 'sentence' | 'remedy'>

const ok = (sentence: string): Finding => ({ state: 'ok', sentence, remedy: null })

export const databaseFinding = (answers: boolean): Finding =>
  answers
    ? ok('The database answers.')
    : {
        state: 'down',
        sentence: 'The database does not answer.',
        remedy: 'Look at PostgreSQL, and at DATABASE_URL.',
      }

export const feedFinding = (fresh: boolean): Finding =>
  fresh
    ? ok('Changes reach this server as they happen.')
    : {
        state: 'down',
        sentence: 'Changes do not reach this server, so it refuses calls.',
        remedy: 'DATABASE_DIRECT_URL must lead past any connection pooler.',
      }

const gigabyte = 1024 ** 3

/** Judges the bytes left on the disk of a folder. */
export function roomFinding(folder: string, bytes: number): Finding {
  const sentence = `${amount(bytes, 'bytes')} are free where ${folder} is.`
  if (bytes < gigabyte)
    return { state: 'down', sentence, remedy: 'Make room: the database stops when the disk is full.' }
  if (bytes < 5 * gigabyte) return { state: 'degraded', sentence, remedy: 'Make room before it runs out.' }
  return ok(sentence)
}

/** Judges what a machine can enforce. Without a sandbox, tiers refuse servers; weaker limits only make them less safe. */
export function capabilityFinding({
  name,
  ok: good,
  sentence,
}: {
  name: string
  ok: boolean
  sentence: string
}) {
  const state: HealthState = good ? 'ok' : name === 'sandbox' ? 'down' : 'degraded'
  return { state, sentence, remedy: null } satisfies Finding
}
