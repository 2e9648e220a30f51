import { z } from 'zod'
import { idOf } from './ids.ts'

const personalFields = new WeakSet<z.ZodType>()

/** Marks a payload field as personal or free text: the log keeps a salted commitment, the plaintext can be erased. */
function personal<T extends z.ZodType>(schema: T): T {
  const own = schema.clone() // the mark must not reach others who use the same schema
  personalFields.add(own)
  return own
}

const text = () => personal(z.string())
const change = z.object({ field: z.string(), previous: z.unknown(), current: z.unknown() })
const changes = z.array(change)
/** So much of a key, in the window that starts then. */
const heldQuota = z.object({ key: z.string(), quantity: z.number().int(), start: z.string() })
const ids = {
  subscription: { subscriptionId: idOf('subscription'), plan: z.string(), planVersion: z.number() },
  invoice: { invoiceId: idOf('invoice'), number: z.string() },
  /** A limit in one of its windows. */
  quota: { key: z.string(), limit: z.number().int(), start: z.string(), end: z.string() },
  hold: { holdId: idOf('hold'), items: z.array(heldQuota) },
  webhook: { webhookId: idOf('webhook'), provider: z.string(), type: z.string() },
  drift: { provider: z.string(), identity: z.string(), organizationId: idOf('organization').nullable() },
  workspace: { workspaceId: idOf('workspace') },
  deployment: { workspaceId: idOf('workspace'), deploymentId: idOf('deployment') },
}

/** Every event type: its payload's schema, with the payload's version. */
export const eventTypes = {
  'user.registered': { userId: idOf('user'), name: text(), email: text() },
  'user.updated': { userId: idOf('user'), changes: personal(changes) },
  'user.email_change_requested': { userId: idOf('user'), email: text() },
  'user.email_changed': { userId: idOf('user'), email: text(), verified: z.boolean() },
  'user.email_verified': { userId: idOf('user') },
  'user.password_changed': { userId: idOf('user') },
  'user.reset_link_created': { userId: idOf('user'), by: z.enum(['mail', 'operator']) },
  'user.password_reset': { userId: idOf('user') },
  'user.totp_enabled': { userId: idOf('user') },
  'user.totp_disabled': { userId: idOf('user') },
  'user.totp_locked': { userId: idOf('user'), until: z.string() },
  'user.recovery_code_used': { userId: idOf('user'), left: z.number() },
  'user.recovery_codes_renewed': { userId: idOf('user') },
  'user.role_granted': { userId: idOf('user'), role: z.string() },
  'user.role_revoked': { userId: idOf('user'), role: z.string() },
  'user.disabled': { userId: idOf('user') },
  'user.enabled': { userId: idOf('user') },
  'user.deleted': { userId: idOf('user') },
  'user.lapsed': { userId: idOf('user') },
  'session.created': { userId: idOf('user'), sessionId: idOf('session') },
  'session.revoked': { userId: idOf('user'), sessionId: idOf('session') },
  'operator.claimed': { userId: idOf('user') },
  'operator.recovered': { userId: idOf('user') },
  'installation.restored': { takenAt: z.string(), berth: z.string(), schema: z.number() },
  'secret_key.rotated': { resealed: z.number(), unreadable: z.number() },
  'secret_key.lost': { secrets: z.number() },
  'mail.queued': { mailId: idOf('mail'), kind: z.string() },
  'mail.sent': { mailId: idOf('mail'), kind: z.string() },
  'mail.failed': { mailId: idOf('mail'), kind: z.string() },
  'organization.created': { name: text(), slug: text(), timeZone: z.string() },
  'organization.updated': { changes: personal(changes) },
  'operator.organization_suspended': { organizationId: idOf('organization'), reason: text() },
  'operator.organization_resumed': { organizationId: idOf('organization') },
  'organization.suspended': { reason: text() },
  'organization.resumed': {},
  'organization.closed': { reason: text() },
  'organization.exported': {},
  'member.added': { memberId: idOf('member'), userId: idOf('user'), role: z.string() },
  'member.role_changed': {
    memberId: idOf('member'),
    userId: idOf('user'),
    previous: z.string(),
    current: z.string(),
  },
  'member.removed': { memberId: idOf('member'), userId: idOf('user') },
  'invitation.created': { invitationId: idOf('invitation'), role: z.string() },
  'invitation.resent': { invitationId: idOf('invitation') },
  'invitation.accepted': { invitationId: idOf('invitation') },
  'invitation.declined': { invitationId: idOf('invitation') },
  'invitation.revoked': { invitationId: idOf('invitation') },
  'invitation.expired': { invitationId: idOf('invitation') },
  'onboarding.step_skipped': { step: z.string() },
  'token.created': {
    tokenId: z.string(),
    kind: z.enum(['api', 'service']),
    name: text(),
    scopes: z.array(z.string()),
    workspaceId: idOf('workspace').nullable(),
  },
  'token.revoked': { tokenId: z.string(), kind: z.enum(['api', 'service']), reason: z.string() },
  'tier.created': { tierId: idOf('tier'), code: z.string() },
  'tier.updated': { tierId: idOf('tier'), code: z.string(), changes },
  'server.added': { serverId: idOf('server'), server: z.string() },
  'release.added': {
    releaseId: idOf('release'),
    server: z.string(),
    version: z.string(),
    artifact: z.record(z.string(), z.unknown()),
  },
  'release.installed': { releaseId: idOf('release'), digest: z.string() },
  'release.observed': { releaseId: idOf('release'), surfaceHash: z.string(), tools: z.number() },
  'release.observation_failed': { releaseId: idOf('release'), reason: text() },
  'release.state_changed': {
    releaseId: idOf('release'),
    previous: z.string(),
    current: z.string(),
    reason: text(),
  },
  'workspace.created': {
    ...ids.workspace,
    key: z.string(),
    name: text(),
    tier: z.string(),
    region: z.string(),
  },
  'workspace.updated': { ...ids.workspace, changes: personal(changes) },
  'workspace.archived': ids.workspace,
  'workspace.restored': ids.workspace,
  'secret.set': {
    ...ids.workspace,
    secretId: idOf('secret'),
    name: z.string(),
    version: z.number(),
  },
  'secret.removed': { ...ids.workspace, secretId: idOf('secret'), name: z.string() },
  'deployment.created': {
    ...ids.deployment,
    name: z.string(),
    server: z.string(),
    releaseId: idOf('release'),
    version: z.string(),
  },
  'deployment.updated': { ...ids.deployment, fields: z.array(z.string()) },
  'deployment.started': ids.deployment,
  'deployment.stopped': ids.deployment,
  'deployment.restarted': ids.deployment,
  'deployment.deleted': ids.deployment,
  'deployment.changed': { ...ids.deployment, changes, reason: personal(z.string().nullable()) },
  'surface.drifted': {
    ...ids.deployment,
    admittedHash: z.string(),
    liveHash: z.string(),
    differences: personal(z.array(z.unknown())),
  },
  'surface.accepted': { ...ids.deployment, hash: z.string() },
  'decision.made': {
    ...ids.deployment,
    decisionId: idOf('decision'),
    moment: z.string(),
    allowed: z.boolean(),
    notes: z.array(z.string()),
    pendingStatus: z.string().nullable(),
    inputsDigest: z.string(),
  },
  'run.created': {
    runId: idOf('run'),
    kind: z.string(),
    workspaceId: idOf('workspace').nullable(),
    deploymentId: idOf('deployment').nullable(),
    releaseId: idOf('release').nullable(),
  },
  'run.changed': {
    runId: idOf('run'),
    kind: z.string(),
    workspaceId: idOf('workspace').nullable(),
    deploymentId: idOf('deployment').nullable(),
    changes,
    reason: personal(z.string().nullable()),
  },
  'plan.published': {
    planVersionId: idOf('planVersion'),
    plan: z.string(),
    version: z.number(),
    price: z.string(),
    currency: z.string(),
  },
  'subscription.started': ids.subscription,
  'subscription.checkout_began': {
    ...ids.subscription,
    total: z.string(),
    currency: z.string(),
    expiresAt: z.string(),
  },
  'subscription.changed': { ...ids.subscription, changes },
  'subscription.scheduled': {
    ...ids.subscription,
    toPlan: z.string(),
    toVersion: z.number(),
    seats: z.number().nullable(),
    at: z.string(),
  },
  'subscription.unscheduled': ids.subscription,
  'subscription.renewed': { ...ids.subscription, start: z.string(), end: z.string() },
  'subscription.trial_ending': { ...ids.subscription, endsAt: z.string(), days: z.number() },
  'subscription.trial_ended': ids.subscription,
  'subscription.past_due': { ...ids.subscription, graceEndsAt: z.string() },
  'subscription.grace_warning': { ...ids.subscription, graceEndsAt: z.string(), days: z.number() },
  'subscription.suspended': ids.subscription,
  'subscription.resumed': { ...ids.subscription, previous: z.enum(['past_due', 'suspended']) },
  'subscription.cancel_scheduled': { ...ids.subscription, at: z.string() },
  'subscription.cancel_withdrawn': ids.subscription,
  'subscription.canceled': {
    ...ids.subscription,
    reason: z.enum(['asked', 'unpaid', 'replaced', 'expired', 'closed']),
  },
  'subscription.fell_back': { ...ids.subscription, previous: idOf('subscription') },
  'subscription.over_limit': { ...ids.subscription, keys: z.array(z.string()) },
  'subscription.over_limit_allowed': {
    ...ids.subscription,
    until: z.string().nullable(),
    reason: text(),
  },
  'invoice.opened': {
    ...ids.invoice,
    subscriptionId: idOf('subscription'),
    total: z.string(),
    currency: z.string(),
    dueAt: z.string(),
  },
  'invoice.paid': { ...ids.invoice, total: z.string(), currency: z.string(), reference: text() },
  'invoice.payable': ids.invoice,
  'invoice.payment_failed': { ...ids.invoice, tries: z.number().int(), reason: text() },
  'invoice.paid_late': {
    invoiceId: idOf('invoice'),
    total: z.string(),
    currency: z.string(),
    reference: text(),
  },
  'payment.method_changed': { provider: z.string(), method: personal(z.string().nullable()) },
  'invoice.voided': { ...ids.invoice, reason: text() },
  'invoice.written_off': { ...ids.invoice, reason: text() },
  'quota.consumed': {
    items: z.array(z.object({ key: z.string(), quantity: z.number().int() })),
  },
  'quota.held': { ...ids.hold, expiresAt: z.string() },
  'quota.confirmed': { ...ids.hold, returned: z.array(heldQuota) },
  'quota.released': ids.hold,
  'quota.expired': ids.hold,
  'quota.exhausted': ids.quota,
  'quota.overage_began': ids.quota,
  'usage.recorded': {
    provider: z.string(),
    usageId: z.string(),
    key: z.string(),
    quantity: z.number().int(),
    at: z.string(),
    start: z.string(),
    over: z.number().int(),
  },
  'webhook.dead': { ...ids.webhook, reason: text() },
  'webhook.retried': ids.webhook,
  'drift.found': { ...ids.drift, what: text() },
  'drift.resolved': ids.drift,
  'drift.settled': { ...ids.drift, reason: text() },
  'billing.reconciled': {
    checked: z.number().int(),
    repaired: z.number().int(),
    open: z.number().int(),
  },
  'clock.advanced': { from: z.string(), to: z.string() },
  'calls.recorded': {
    runnerId: idOf('runner'),
    batch: z.string(),
    count: z.number().int(),
    digest: z.string().describe("SHA-256 over the batch's records in order"),
  },
} as const satisfies Record<string, Record<string, z.ZodType>>

export type EventType = keyof typeof eventTypes

export type EventPayload<T extends EventType> = z.input<z.ZodObject<(typeof eventTypes)[T]>>

const schemas = Object.fromEntries(
  Object.entries(eventTypes).map(([type, shape]) => [type, z.strictObject(shape)]),
) as unknown as Record<EventType, z.ZodObject>

/** The payload schema of an event type; unknown fields are refused. */
export function eventSchema(type: EventType): z.ZodObject {
  return schemas[type]
}

/** The names of the payload fields that enter the log as salted commitments only. */
export function personalFieldsOf(type: EventType): string[] {
  return Object.entries(eventTypes[type])
    .filter(([, schema]) => personalFields.has(schema))
    .map(([name]) => name)
}

/** The version of an event type's payload; raised when its shape changes. */
export const eventVersion = 1
