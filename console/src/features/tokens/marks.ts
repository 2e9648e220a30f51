import type { Token } from '@berth/contracts'
import type { Mark } from '../../ui/StatusMark.tsx'

export const tokenMarks: Record<Token['state'], Mark> = {
  active: { tone: 'good', shape: 'check', word: 'active' },
  revoked: { tone: 'idle', shape: 'cross', word: 'revoked' },
  expired: { tone: 'idle', shape: 'none', word: 'expired' },
}
