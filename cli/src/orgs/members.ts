import { api, memberRole, type EndpointOutput, type MemberRole } from '@berth/contracts'
import { Argument, Command, Option } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import { paged, readAll, readPages, type PageOptions } from '../core/pages.ts'
import { confirmed } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'

type Member = EndpointOutput<typeof api.organizations.updateMember>

/** `mcpctl orgs members`; alone it lists them. */
export function membersCommand(): Command {
  const whom = '<member>'
  const command = noun('members', 'The people of an organization', [
    does(
      new Command('add')
        .description('Add a person who has an account')
        .argument('<e-mail>')
        .addOption(
          new Option('--role <role>', 'what they may do').choices(memberRole.options).default('developer'),
        ),
      add,
    ),
    does(
      new Command('role')
        .description("Change a member's role")
        .argument(whom, 'e-mail or id')
        .addArgument(new Argument('<role>').choices(memberRole.options)),
      changeRole,
    ),
    does(
      new Command('remove')
        .description('Take a person out; their tokens stop working at once')
        .argument(whom, 'e-mail or id')
        .option('--yes', 'do not ask'),
      remove,
    ),
  ])
  const list = does(paged(new Command('list').description('The people of an organization')), listMembers)
  return command.addCommand(list, { isDefault: true })
}

async function listMembers(context: Context, options: PageOptions): Promise<void> {
  const organizationId = await organizationOf(context)
  const page = await readPages(options, (query) =>
    context.call(api.organizations.listMembers, { params: { organizationId }, query }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  out.table(
    page.items,
    [
      { title: 'name', cell: (one) => one.name },
      { title: 'e-mail', cell: (one) => one.email },
      { title: 'role', cell: (one) => one.role },
      { title: 'joined', cell: (one) => relativeTime(one.joinedAt) },
      { title: 'id', cell: (one) => one.id },
    ],
    'Nobody is here.',
  )
}

async function add(context: Context, options: { role: MemberRole }, email: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const body = { email, role: options.role }
  const member = await context.call(api.organizations.addMember, { params: { organizationId }, body })
  if (context.out.json) return context.out.data(member)
  context.out.done(`${escapeText(member.email)} is ${member.role} now.`)
}

async function changeRole(context: Context, _options: object, named: string, role: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const memberId = await memberIdOf(context, organizationId, named)
  const member = await context.call(api.organizations.updateMember, {
    params: { organizationId, memberId },
    body: { role: role as MemberRole },
  })
  if (context.out.json) return context.out.data(member)
  context.out.done(`${escapeText(member.email)} is ${member.role} now.`)
}

async function remove(context: Context, options: { yes?: boolean }, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const memberId = await memberIdOf(context, organizationId, named)
  await confirmed(options.yes, `Take ${named} out of the organization?`)
  await context.call(api.organizations.removeMember, { params: { organizationId, memberId } })
  if (context.out.json) return context.out.data({ id: memberId, removed: true })
  context.out.done(`${escapeText(named)} is out; their tokens work here no longer.`)
}

async function memberIdOf(context: Context, organizationId: string, named: string): Promise<string> {
  if (named.startsWith('mem_')) return named
  const members = await readAll<Member>((query) =>
    context.call(api.organizations.listMembers, { params: { organizationId }, query }),
  )
  const found = members.find((member) => member.email.toLowerCase() === named.toLowerCase())
  if (found) return found.id
  throw new RefusedError(`"${named}" is no member here.`, 'mcpctl orgs members')
}
