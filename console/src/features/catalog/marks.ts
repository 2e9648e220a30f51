import type { Artifact, Me, Release } from '@berth/contracts'
import type { Mark } from '../../ui/StatusMark.tsx'

export const releaseMarks: Record<Release['state'], Mark> = {
  admitted: { tone: 'good', shape: 'check', word: 'admitted' },
  yanked: { tone: 'wait', shape: 'warning', word: 'yanked' },
  blocked: { tone: 'bad', shape: 'octagon', word: 'blocked' },
}

export const observationMarks: Record<Release['observation'], Mark> = {
  pending: { tone: 'accent', shape: 'progress', word: 'being observed' },
  observed: { tone: 'good', shape: 'check', word: 'observed' },
  failed: { tone: 'bad', shape: 'cross', word: 'not observed' },
}

/** Where a release comes from, in one line. */
export function sourceOf(artifact: Artifact): string {
  if (artifact.kind === 'npm') return `${artifact.package}@${artifact.version}`
  return artifact.kind === 'remote' ? artifact.url : artifact.path
}

/** Why the person may not change the catalog, as a sentence; null when they may. */
export function operatorsOnly(me: Me): string | null {
  if (me.platformRoles.includes('operator')) return null
  return 'Only operators of this installation change its catalog, because everyone can launch what is in it. Ask one of them.'
}
