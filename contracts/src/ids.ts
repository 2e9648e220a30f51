import { z } from 'zod'

/** Every kind of thing that has an id, with the prefix its TypeIDs carry. */
export const idPrefixes = {
  user: 'usr',
  session: 'ses',
  organization: 'org',
  member: 'mem',
  apiToken: 'tok',
  serviceToken: 'stk',
  provider: 'prv',
  server: 'srv',
  release: 'rel',
  tier: 'tir',
  workspace: 'wsp',
  deployment: 'dep',
  secret: 'sec',
  instance: 'ins',
  runner: 'rnr',
  run: 'run',
  decision: 'dec',
  call: 'cal',
  request: 'req',
  mail: 'mal',
  planVersion: 'plv',
  subscription: 'sub',
  invoice: 'inv',
  hold: 'hld',
  lease: 'lse',
  invitation: 'ivt',
  webhook: 'whk',
} as const

export type IdKind = keyof typeof idPrefixes

/** A schema for the TypeID of one kind: `prefix_` and 26 characters of base32. */
export function idOf(kind: IdKind) {
  const prefix = idPrefixes[kind]
  return z
    .string()
    .regex(
      new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`),
      `must be an id that starts with "${prefix}_"`,
    )
}

/** The organization that carries the operators' own actions in its log. */
export const platformOrganizationId = 'org_00000000000000000000000000'

/** A short name in URLs and on the command line: lower case, digits and hyphens, 1 to 40 characters. */
export const slug = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'use lower-case letters, digits and hyphens, not at either end')

/** Turns a free name into a slug; empty when nothing of it can be kept. */
export function toSlug(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
}

export const displayName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(80)
  // oxlint-disable-next-line no-control-regex -- control characters are just what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not contain control characters')

export const timestamp = z.iso
  .datetime({ offset: true, error: 'must be a time as of ISO 8601, such as 2030-01-31T09:00:00Z' })
  // An offset leads out of the years that are written with four digits: nothing could show such a time again.
  .refine(isWritable, 'must be in the years 0000 to 9999, also by UTC')

function isWritable(at: string): boolean {
  if (at.endsWith('Z')) return true
  const time = new Date(at)
  return !Number.isNaN(time.getTime()) && /^\d{4}-/.test(time.toISOString())
}

/** An id or, where the path names an organization, its slug. */
export const organizationRef = z.union([idOf('organization'), slug])
