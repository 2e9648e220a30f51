import { api, memberRole, type EndpointOutput, type Invitation, type MemberRole } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, noun, wholeNumber } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import { paged, readAll, readPages, type PageOptions } from '../core/pages.ts'
import { confirmed } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'

type WithLink = EndpointOutput<typeof api.invitations.create>

const states: Invitation['state'][] = ['pending', 'accepted', 'declined', 'revoked', 'expired']

/** `mcpctl orgs invite` */
export function inviteCommand(): Command {
  const command = new Command('invite')
    .description('Invite somebody; a seat is kept until they answer')
    .argument('<e-mail>')
    .addOption(
      new Option('--role <role>', 'what they may do').choices(memberRole.options).default('developer'),
    )
    .addOption(new Option('--days <days>', 'how long it is good').argParser(wholeNumber(1, 30)).default(7))
  return does(command, invite)
}

/** `mcpctl orgs invitations`; alone it lists them. */
export function invitationsCommand(): Command {
  const which = '<invitation>'
  const command = noun('invitations', 'Who is invited to the organization', [
    does(
      new Command('resend')
        .description('Send it again with a new link; the old one ends')
        .argument(which, 'e-mail or id'),
      resend,
    ),
    does(
      new Command('revoke')
        .description('Take it back; its seat is free again')
        .argument(which, 'e-mail or id')
        .option('--yes', 'do not ask'),
      revoke,
    ),
  ])
  const list = paged(new Command('list').description('Who is invited, newest first')).addOption(
    new Option('--state <state>', 'only those').choices(states),
  )
  return command.addCommand(does(list, listInvitations), { isDefault: true })
}

/** `mcpctl orgs accept` */
export function acceptInvitation(): Command {
  const command = new Command('accept')
    .description('Join an organization you are invited to')
    .argument('<link>', 'the link of the invitation')
    .option('--yes', 'do not ask')
  return does(command, accept)
}

/** `mcpctl orgs decline` */
export function declineInvitation(): Command {
  const command = new Command('decline')
    .description('Decline an invitation')
    .argument('<link>', 'the link of the invitation')
    .option('--yes', 'do not ask')
  return does(command, decline)
}

async function invite(
  context: Context,
  options: { role: MemberRole; days: number },
  email: string,
): Promise<void> {
  const organizationId = await organizationOf(context)
  const body = { email, role: options.role, expiresInDays: options.days }
  tell(context, await context.call(api.invitations.create, { params: { organizationId }, body }))
}

function tell({ out }: Context, invitation: WithLink): void {
  if (out.json) return out.data(invitation)
  const { email, role, expiresAt, link } = invitation
  const sent = link ? 'Pass this link on; it is shown once:' : 'The link is on its way by e-mail.'
  out.done(`${escapeText(email)} is invited as ${role}, until ${expiresAt.slice(0, 16)}Z. ${sent}`)
  if (link) out.line(link)
}

async function listInvitations(
  context: Context,
  options: PageOptions & { state?: Invitation['state'] },
): Promise<void> {
  const organizationId = await organizationOf(context)
  const page = await readPages(options, (query) =>
    context.call(api.invitations.list, {
      params: { organizationId },
      query: { ...query, state: options.state },
    }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  out.table(
    page.items,
    [
      { title: 'e-mail', cell: (one) => one.email },
      { title: 'role', cell: (one) => one.role },
      { title: 'state', cell: (one) => one.state },
      { title: 'sent', cell: (one) => relativeTime(one.sentAt) },
      { title: 'expires', cell: (one) => (one.state === 'pending' ? relativeTime(one.expiresAt) : '') },
      { title: 'id', cell: (one) => one.id },
    ],
    'Nobody is invited.',
  )
}

async function resend(context: Context, _options: object, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const invitationId = await pendingOf(context, organizationId, named)
  tell(context, await context.call(api.invitations.resend, { params: { organizationId, invitationId } }))
}

async function revoke(context: Context, options: { yes?: boolean }, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const invitationId = await pendingOf(context, organizationId, named)
  await confirmed(options.yes, `Take the invitation of ${named} back?`)
  await context.call(api.invitations.revoke, { params: { organizationId, invitationId } })
  if (context.out.json) return context.out.data({ id: invitationId, revoked: true })
  context.out.done(`The invitation of ${escapeText(named)} is taken back.`)
}

async function pendingOf(context: Context, organizationId: string, named: string): Promise<string> {
  if (named.startsWith('ivt_')) return named
  const pending = await readAll<Invitation>((query) =>
    context.call(api.invitations.list, { params: { organizationId }, query: { ...query, state: 'pending' } }),
  )
  const found = pending.find((one) => one.email === named.toLowerCase())
  if (found) return found.id
  throw new RefusedError(`No invitation waits for "${named}".`, 'mcpctl orgs invitations')
}

async function accept(context: Context, options: { yes?: boolean }, link: string): Promise<void> {
  const params = { token: tokenIn(link) }
  const { organization, role } = await context.call(api.invitations.preview, { params })
  await confirmed(options.yes, `Join ${escapeText(organization.name)} as ${role}?`)
  const joined = await context.call(api.invitations.accept, { params })
  if (context.out.json) return context.out.data(joined)
  context.out.done(`You are ${joined.role} of ${escapeText(organization.name)} now.`)
}

async function decline(context: Context, options: { yes?: boolean }, link: string): Promise<void> {
  const params = { token: tokenIn(link) }
  const { organization } = await context.call(api.invitations.preview, { params })
  await confirmed(options.yes, `Decline the invitation to ${escapeText(organization.name)}?`)
  await context.call(api.invitations.decline, { params })
  if (context.out.json) return context.out.data({ declined: true })
  context.out.done(`You declined the invitation to ${escapeText(organization.name)}.`)
}

/** The secret at the end of a link; a bare one will do. */
function tokenIn(link: string): string {
  const token = /(?:^|\/onboarding\/invite\/)([\w-]{20,100})$/.exec(link.trim())?.[1]
  if (token) return token
  throw new UsageError(
    'This is no link of an invitation: it ends with /onboarding/invite/ and a long secret.',
  )
}
