import { toSlug } from '@berth/contracts'

/** `base`, or `base-2`, `base-3`, … whichever is first not taken; never longer than a slug may be. */
export function freeSlug(base: string, taken: ReadonlySet<string>): string {
  const short = slugStem(base)
  let slug = base
  for (let n = 2; taken.has(slug); n++) slug = `${short}-${n}`
  return slug
}

/** What every numbered form of a slug starts with. */
export const slugStem = (base: string): string => base.slice(0, 34).replace(/-+$/, '')

/** A slug for a package, a host or a folder. */
export const slugFor = (name: string): string => toSlug(name) || 'server'

/** Those of the names that could have been meant, nearest first, at most three. */
export function nearNames(wanted: string, names: readonly string[]): string[] {
  const [, server = wanted] = wanted.split('/')
  return names
    .map((name) => ({
      name,
      distance: Math.min(distance(wanted, name), distance(server, name.split('/')[1] ?? name)),
    }))
    .filter((one) => one.distance <= Math.max(2, server.length / 3))
    .toSorted((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map((one) => one.name)
}

/** How many letters must be put in, left out or changed to make one of the other. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [row, letter] of a.split('').entries()) {
    const current = [row + 1]
    for (const [column, other] of b.split('').entries()) {
      const changed = previous[column]! + (letter === other ? 0 : 1)
      current.push(Math.min(changed, previous[column + 1]! + 1, current[column]! + 1))
    }
    previous = current
  }
  return previous[b.length]!
}
