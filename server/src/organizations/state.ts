/** What becomes of an organization as a whole: suspended and resumed by an operator, closed by an owner. */
import { next, organizationMachine, refusalOf, type Organization } from '@berth/contracts'
import type { Tx } from '../platform/mutate.ts'
import { Refusal } from '../platform/problem.ts'
import { lockOrganization, readOrganization } from './store.ts'

type Action = (typeof organizationMachine.edges)[number]['action']

/** Ends what others keep for an organization that is closed. */
export type OnClose = (tx: Tx, organizationId: string) => Promise<void>

/**
 * Suspends an organization: what runs in it stops, open MCP sessions end, and nothing in it changes or is called until
 * it is resumed. Throws `not_found`, `invalid_state`.
 */
export async function suspendOrganization(tx: Tx, id: string, reason: string): Promise<Organization> {
  await move(tx, id, 'suspend', reason)
  tx.emit(id, 'organization.suspended', { reason })
  return readOrganization(tx.db, id)
}

/** Resumes a suspended organization: what ran before launches by itself. Throws `not_found`, `invalid_state`. */
export async function resumeOrganization(tx: Tx, id: string): Promise<Organization> {
  await move(tx, id, 'resume', null)
  tx.emit(id, 'organization.resumed', {})
  return readOrganization(tx.db, id)
}

/**
 * Closes an organization for good. `confirm` is its slug, typed by whoever closes it. Its deployments, tokens,
 * secrets, invitations and subscription end in the same unit of work; its log, members and records are kept. Throws `invalid_input`, `invalid_state`.
 */
export async function closeOrganization(
  tx: Tx,
  id: string,
  { confirm, reason }: { confirm: string; reason: string },
  onClose: OnClose,
): Promise<Organization> {
  const { slug } = await lockOrganization(tx.db, id)
  if (confirm !== slug) {
    const message = `type the organization's slug, ${slug}`
    throw new Refusal('invalid_input', `confirm: ${message}, to close it.`, {
      errors: [{ path: 'confirm', message }],
    })
  }
  await move(tx, id, 'close', reason || null)
  tx.emit(id, 'organization.closed', { reason })
  await onClose(tx, id)
  return readOrganization(tx.db, id)
}

async function move(tx: Tx, id: string, action: Action, reason: string | null): Promise<void> {
  const { state, kind, version } = await lockOrganization(tx.db, id)
  if (kind === 'platform') {
    throw new Refusal('invalid_state', `The platform's own organization cannot be ${past[action]}.`)
  }
  const refusal = refusalOf(organizationMachine, state, action)
  if (refusal) throw new Refusal('invalid_state', refusal)
  await tx.db
    .updateTable('organizations')
    .set({
      state: next(organizationMachine, state, action)!,
      stateReason: reason,
      stateSince: tx.now,
      version: version + 1,
    })
    .where('id', '=', id)
    .execute()
}

const past: Record<Action, string> = { suspend: 'suspended', resume: 'resumed', close: 'closed' }
