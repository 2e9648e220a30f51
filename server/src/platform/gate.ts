/** Gates: what every domain that vetoes says to policy. Everything but the SQL of the facts is pure. */
import { sql, type RawBuilder } from 'kysely'
import type { Moment, Note, PendingStatus, Verdict } from '@berth/contracts'

/** Something a gate wants to know. Nobody guesses: what is not known says why. */
export type Fact<T> =
  | { state: 'known'; value: T }
  /** It has not come to be: nobody has looked yet, or there is nothing to look at. */
  | { state: 'not-yet' }
  /** It cannot be told right now, since when, and why. */
  | { state: 'unavailable'; since: string; reason: string }

/** One thing a gate found, with its note for machines and its sentences for people. */
export interface Finding {
  verdict: Verdict
  note: Note
  /** What is. */
  sentence: string
  /** What follows by itself, and what the reader can do. */
  next?: string
  /** What a deployment that is held by this waits for. */
  pending?: PendingStatus
}

export interface FactRule {
  /** What people call it, as the beginning of a sentence. */
  title: string
  /** What it means at each moment that it has not come to be. */
  notYet: Record<Moment, Verdict>
  /** How long what runs may go on while it is unavailable; launches and calls wait at once. */
  graceMs: number
  pending: PendingStatus
}

/** A domain's say in whether a deployment may launch, go on running, and be called. */
export interface Gate<F extends object = Record<string, unknown>> {
  name: string
  /** Raised when the same facts may lead to another verdict. */
  version: number
  /** A rule for every fact. */
  rules: { [K in keyof F]: FactRule }
  /** A scalar subquery that gives `{fact: Fact}` as jsonb for the row `d` of deployments. */
  facts(): RawBuilder<unknown>
  /** What follows from the facts that are known; an empty list passes. */
  decide(facts: Partial<F>, moment: Moment): Finding[]
}

/** A gate whatever its facts, as policy holds it. */
export interface AnyGate extends Omit<Gate, 'rules' | 'decide'> {
  rules: Readonly<Record<string, FactRule>>
  decide(facts: never, moment: Moment): Finding[]
}

/** The jsonb of a fact that is known. `value` is an SQL expression. */
export const known = (value: RawBuilder<unknown>) =>
  sql`jsonb_build_object('state', 'known', 'value', ${value})`

export const notYet = sql`'{"state": "not-yet"}'::jsonb`

/** The jsonb of a fact that cannot be told since a time (SQL expression). */
export const unavailable = (since: RawBuilder<unknown>, reason: string) =>
  sql`jsonb_build_object('state', 'unavailable', 'since', ${since}, 'reason', ${reason}::text)`
