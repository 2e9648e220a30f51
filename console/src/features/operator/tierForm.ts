import type { Tier } from '@berth/contracts'

/** What of a tier can be changed, as the form holds it. */
export interface TierFields {
  name: string
  sandbox: Tier['sandbox']
  allowLocal: boolean
  /** Separated by commas or spaces. */
  regions: string
  checkEveryCall: boolean
}

export const emptyTier: TierFields = {
  name: '',
  sandbox: 'required',
  allowLocal: false,
  regions: '',
  checkEveryCall: false,
}

export function fieldsOf({ name, sandbox, allowLocal, regions, checkEveryCall }: Tier): TierFields {
  return { name, sandbox, allowLocal, regions: regions.join(', '), checkEveryCall }
}

export const regionsOf = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))]

export function bodyOf({ name, regions, ...demands }: TierFields) {
  return { name: name.trim(), regions: regionsOf(regions), ...demands }
}

const equal = (a: TierFields, b: TierFields, key: keyof TierFields): boolean =>
  key === 'regions' ? regionsOf(a.regions).join() === regionsOf(b.regions).join() : a[key] === b[key]

/** The fields that differ. */
export function changedIn(before: TierFields, after: TierFields): (keyof TierFields)[] {
  return (Object.keys(before) as (keyof TierFields)[]).filter((key) => !equal(before, after, key))
}

/** What the person changed, on top of what somebody else made of it meanwhile. */
export function rebased(mine: TierFields, base: TierFields, current: TierFields): TierFields {
  const changes = changedIn(base, mine).map((key) => [key, mine[key]])
  return { ...current, ...(Object.fromEntries(changes) as Partial<TierFields>) }
}

/** What follows from a change for what runs in the tier, a sentence each. */
export function consequencesOf(before: TierFields, after: TierFields): string[] {
  const changed = new Set(changedIn(before, after))
  const told: string[] = []
  if (changed.has('sandbox'))
    told.push(
      after.sandbox === 'required'
        ? 'Servers on a machine without a sandbox are held until it has one.'
        : 'Servers may run without a sandbox, where the machine has none.',
    )
  if (changed.has('allowLocal'))
    told.push(
      after.allowLocal
        ? "Servers from folders on the operator's machine may run in it."
        : "Servers from folders on the operator's machine stop and are held.",
    )
  if (changed.has('regions'))
    told.push(
      'Its workspaces stay where they are; new ones, and those that change to this tier, must be in a region of the list.',
    )
  if (changed.has('checkEveryCall'))
    told.push(
      after.checkEveryCall
        ? 'Every call asks the database first: slower, and refused while it does not answer.'
        : 'Calls are checked in memory, which follows the log within two seconds.',
    )
  return told
}
