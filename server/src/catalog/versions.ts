/** Which of two versions is newer. */

interface Parts {
  numbers: number[]
  before: string[]
}

function partsOf(version: string): Parts {
  const [core = '', ...rest] = version.replace(/\+.*$/, '').split('-')
  const before = rest.join('-')
  return { numbers: core.split('.').map(Number), before: before ? before.split('.') : [] }
}

/**
 * Order of two semantic versions: negative when `a` is older. What follows a `+` does not count; a version ahead of a
 * release (`1.0.0-beta`) is older than it.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (const index of [0, 1, 2]) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (left.before.length === 0 || right.before.length === 0) return right.before.length - left.before.length
  return compareIdentifiers(left.before, right.before)
}

function compareIdentifiers(a: string[], b: string[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index]
    if (right === undefined) return 1
    if (left === right) continue
    const [leftIsNumber, rightIsNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)]
    if (leftIsNumber && rightIsNumber) return Number(left) - Number(right)
    if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1
    return left < right ? -1 : 1
  }
  return a.length - b.length
}

/** The newest by version, and among equal versions the one added last; versions ahead of a release only if there is no other. */
export function newestOf<T extends { version: string; createdAt: Date; id: string }>(
  releases: T[],
): T | null {
  const isRelease = ({ version }: T) => partsOf(version).before.length === 0
  const candidates = releases.some(isRelease) ? releases.filter(isRelease) : releases
  const [newest] = candidates.toSorted(
    (a, b) =>
      compareVersions(b.version, a.version) ||
      b.createdAt.getTime() - a.createdAt.getTime() ||
      (b.id < a.id ? -1 : 1),
  )
  return newest ?? null
}
