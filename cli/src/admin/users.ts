import { api, platformRole, type Person, type PlatformRole } from '@berth/contracts'
import { Argument, Command, Option } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { paged, readAll, readPages, type PageOptions } from '../core/pages.ts'
import { confirmed } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'

interface ListOptions extends PageOptions {
  search?: string
  state?: Person['state']
  role?: PlatformRole
}

const whom = () => new Argument('<person>', 'e-mail or id')

/** `mcpctl admin users` */
export function usersCommand(): Command {
  return noun('users', 'The people of this Berth (operators only)', [
    does(
      paged(new Command('list').description('The people of this Berth, newest first'))
        .option('--search <text>', 'part of a name or an e-mail address')
        .addOption(new Option('--state <state>', 'only these').choices(['active', 'disabled', 'deleted']))
        .addOption(new Option('--role <role>', 'only who has it').choices(platformRole.options)),
      list,
    ),
    does(new Command('show').description('One person').addArgument(whom()), show),
    does(
      new Command('disable')
        .description('Disable an account: sign-ins, tokens and open MCP sessions end at once')
        .addArgument(whom())
        .option('--yes', 'do not ask'),
      disable,
    ),
    does(
      new Command('enable').description('Enable a disabled account again').addArgument(whom()),
      (context: Context, _options: object, named: string) =>
        change(context, named, api.users.enable, 'is enabled again'),
    ),
    does(
      new Command('reset-link')
        .description('Make a link that sets a new password; it is printed once, alone on stdout')
        .addArgument(whom()),
      resetLink,
    ),
    does(
      new Command('remove-totp')
        .description('Take the second factor off for somebody who lost the app and the recovery codes')
        .addArgument(whom())
        .option('--yes', 'do not ask'),
      removeTotp,
    ),
    roleCommand('grant', 'Make somebody an operator or a reviewer', grant),
    roleCommand('revoke', 'Take a platform role away', revoke),
  ])
}

function roleCommand(
  name: string,
  description: string,
  work: (context: Context, options: object, named: string, role: string) => Promise<void>,
): Command {
  const role = new Argument('<role>').choices(platformRole.options)
  return does(new Command(name).description(description).addArgument(whom()).addArgument(role), work)
}

async function list(context: Context, options: ListOptions): Promise<void> {
  const { search, state, role } = options
  const page = await readPages(options, (query) =>
    context.call(api.users.list, { query: { ...query, search, state, role } }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  out.table(
    page.items,
    [
      { title: 'e-mail', cell: (one) => one.email },
      { title: 'name', cell: (one) => one.name, max: 30 },
      { title: 'state', cell: (one) => one.state },
      { title: 'roles', cell: (one) => one.platformRoles.join(', ') },
      { title: 'second factor', cell: (one) => (one.secondFactor ? 'on' : 'off') },
      { title: 'organizations', cell: (one) => one.organizations.length },
      { title: 'last seen', cell: (one) => (one.lastSeenAt ? relativeTime(one.lastSeenAt) : null) },
    ],
    'Nobody is there.',
  )
}

async function show(context: Context, _options: object, named: string): Promise<void> {
  const params = { userId: await userIdOf(context, named) }
  const person = await context.call(api.users.get, { params })
  const { out } = context
  if (out.json) return out.data(person)
  out.fields([
    ['name', person.name],
    ['e-mail', `${person.email} (${person.emailVerified ? 'confirmed' : 'not confirmed'})`],
    ['state', person.state],
    ['platform roles', person.platformRoles.join(', ') || null],
    ['second factor', person.secondFactor ? 'on' : 'off'],
    ['organizations', person.organizations.map(({ slug, role }) => `${slug} (${role})`).join(', ') || null],
    ['last seen', person.lastSeenAt ? relativeTime(person.lastSeenAt) : null],
    ['created', relativeTime(person.createdAt)],
    ['id', person.id],
  ])
}

type Change = typeof api.users.enable

async function change(context: Context, named: string, endpoint: Change, becomes: string): Promise<void> {
  const params = { userId: await userIdOf(context, named) }
  tell(context, await context.call(endpoint, { params }), becomes)
}

function tell({ out }: Context, person: Person, becomes: string): void {
  if (out.json) return out.data(person)
  out.done(`${escapeText(person.email)} ${becomes}.`)
}

async function disable(context: Context, options: { yes?: boolean }, named: string): Promise<void> {
  await confirmed(options.yes, `Disable ${named}, and end all they have open?`)
  await change(context, named, api.users.disable, 'is disabled; sign-ins, tokens and sessions ended')
}

async function removeTotp(context: Context, options: { yes?: boolean }, named: string): Promise<void> {
  await confirmed(options.yes, `Take the second factor of ${named} off?`)
  await change(context, named, api.users.removeTotp, 'signs in with the password alone now')
}

async function resetLink(context: Context, _options: object, named: string): Promise<void> {
  const params = { userId: await userIdOf(context, named) }
  const link = await context.call(api.users.createResetLink, { params })
  const { out } = context
  if (out.json) return out.data(link)
  out.done(`Good once, expires ${relativeTime(link.expiresAt)}. Hand it on by a way you trust:`)
  out.line(link.url)
}

async function grant(context: Context, _options: object, named: string, role: string): Promise<void> {
  const params = { userId: await userIdOf(context, named), role: role as PlatformRole }
  tell(context, await context.call(api.users.grantRole, { params }), `is ${role} now`)
}

async function revoke(context: Context, _options: object, named: string, role: string): Promise<void> {
  const params = { userId: await userIdOf(context, named), role: role as PlatformRole }
  tell(context, await context.call(api.users.revokeRole, { params }), `is no longer ${role}`)
}

async function userIdOf(context: Context, named: string): Promise<string> {
  if (named.startsWith('usr_')) return named
  const people = await readAll<Person>((query) =>
    context.call(api.users.list, { query: { ...query, search: named.slice(0, 100) } }),
  )
  const found = people.find(({ email }) => email.toLowerCase() === named.toLowerCase())
  if (found) return found.id
  throw new RefusedError(`Nobody here has the e-mail address "${named}".`, 'mcpctl admin users list')
}
