import type { HealthState, Mail, Organization, Person, Runner, Webhook } from '@berth/contracts'
import type { Mark } from '../../ui/StatusMark.tsx'

export const organizationMarks: Record<Organization['state'], Mark> = {
  active: { tone: 'good', shape: 'dot', word: 'active' },
  suspended: { tone: 'wait', shape: 'diamond', word: 'suspended' },
  closed: { tone: 'idle', shape: 'square', word: 'closed' },
}

export const userMarks: Record<Person['state'], Mark> = {
  active: { tone: 'good', shape: 'dot', word: 'active' },
  disabled: { tone: 'bad', shape: 'octagon', word: 'disabled' },
  deleted: { tone: 'idle', shape: 'square', word: 'deleted' },
}

export const runnerMarks: Record<Runner['state'], Mark> = {
  alive: { tone: 'good', shape: 'dot', word: 'alive' },
  silent: { tone: 'bad', shape: 'cross', word: 'silent' },
}

export const healthMarks: Record<HealthState, Mark> = {
  ok: { tone: 'good', shape: 'check', word: 'ok' },
  degraded: { tone: 'wait', shape: 'warning', word: 'degraded' },
  down: { tone: 'bad', shape: 'cross', word: 'down' },
}

export const mailMarks: Record<Mail['state'], Mark> = {
  queued: { tone: 'wait', shape: 'progress', word: 'queued' },
  sent: { tone: 'good', shape: 'check', word: 'sent' },
  failed: { tone: 'bad', shape: 'cross', word: 'failed' },
  unsent: { tone: 'wait', shape: 'diamond', word: 'to hand on' },
}

export const webhookMarks: Record<Webhook['state'], Mark> = {
  received: { tone: 'wait', shape: 'progress', word: 'received' },
  processed: { tone: 'good', shape: 'check', word: 'processed' },
  ignored: { tone: 'idle', shape: 'none', word: 'ignored' },
  dead: { tone: 'bad', shape: 'cross', word: 'dead' },
}
