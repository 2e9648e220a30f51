import { api, type Me } from '@berth/contracts'
import { Command } from 'commander'
import { withAnswers } from '../core/answers.ts'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError, UsageError } from '../core/errors.ts'
import { askText } from '../core/prompts.ts'
import { escapeText } from '../core/text.ts'
import { rememberSignIn, setupCodeFor, signUp } from './people.ts'

interface Options {
  name?: string
  email?: string
  organization?: string
  plan?: string
  trial?: boolean
  passwordStdin?: boolean
}

/** `mcpctl signup`: an account, signed in, and an organization to begin with. */
export function signUpCommand(): Command {
  const command = new Command('signup')
    .description('Make an account and, if you name one, an organization')
    .option('--name <name>', 'your name, as others see it')
    .option('--email <address>', 'your e-mail address; you sign in with it')
    .option('--organization <name>', 'make an organization of this name, too; you become its owner')
    .option('--plan <plan>', 'the plan that the organization begins with (default: the free one)')
    .option('--trial', 'begin with the trial of that plan')
    .option('--password-stdin', 'read the password from stdin instead of asking for it twice')
  return does(command, makeAccount)
}

async function makeAccount(context: Context, options: Options): Promise<void> {
  if (options.plan && !options.organization)
    throw new UsageError('--plan needs --organization: a plan is an organization’s.')
  if (options.trial && !options.plan) throw new UsageError('--trial needs --plan.')
  const setup = await context.call(api.identity.setup, {})
  const account = await ask(options)
  const token = await signUp(context, account, await setupCodeFor(setup))
  if (token === null) return sayLetter(context, account.email, options)
  const { me, context: signedIn } = await rememberSignIn(context, token)
  const organization = options.organization && (await found(signedIn, options.organization, options))
  const { out } = context
  if (out.json)
    return out.data({ url: context.url, signedIn: true, ...(await signedIn.call(api.identity.me, {})) })
  out.done(`Made the account ${escapeText(account.email)} and signed in to ${context.url}.`)
  if (organization) out.done(`Created the organization ${escapeText(organization)}; you are its owner.`)
  sayNext(context, me, organization)
}

/** What was not given as an option is asked for; the password twice, since nobody sees it. */
async function ask(options: Options): Promise<{ name: string; email: string; password: string }> {
  const name = options.name ?? (await askText('Your name', 'Give it with --name.'))
  const email = options.email ?? (await askText('Your e-mail address', 'Give it with --email.'))
  const password = await withAnswers(options, async ({ secret }) => {
    const first = await secret('Password (at least 12 characters)')
    if (options.passwordStdin || (await secret('The same again')) === first) return first
    throw new RefusedError('The two passwords are not the same. Nothing was made.')
  })
  return { name, email, password }
}

async function found(context: Context, name: string, { plan, trial = false }: Options): Promise<string> {
  const { items } = await context.call(api.plans.list, {})
  if (plan && !items.some((one) => one.plan === plan)) {
    const known = items.map((one) => one.plan).join(', ')
    throw new RefusedError(
      `There is no plan "${plan}"; there are ${known}. The account is made, the organization is not.`,
      `mcpctl orgs create ${JSON.stringify(name)}`,
    )
  }
  const { id: organizationId, slug } = await context.call(api.organizations.create, { body: { name } })
  context.credentials.update(context.url, { organizationId })
  if (plan) {
    const body = { plan, trial, seats: null }
    await context.call(api.subscriptions.change, { params: { organizationId }, body })
  }
  return slug
}

/** Reads the same whether the address had an account or not. */
function sayLetter({ out, url }: Context, email: string, { organization, plan, trial }: Options): void {
  if (out.json) return out.data({ url, signedIn: false, email })
  out.done(
    `A letter is on its way to ${escapeText(email)}. Open the link in it and type the password you chose, then sign in.`,
  )
  if (organization) out.say('The organization can be created once the address is confirmed.')
  out.next(
    `mcpctl login --email ${escapeText(email)}`,
    ...(organization ? [`mcpctl orgs create ${JSON.stringify(organization)}`] : ['mcpctl quickstart']),
    ...(plan ? [`mcpctl billing change ${plan}${trial ? ' --trial' : ''}`] : []),
    `mcpctl account resend-confirmation ${escapeText(email)}`,
  )
}

function sayNext({ out }: Context, me: Me, organization: string | undefined): void {
  if (me.confirmEmail) out.say('A letter was sent to your address: open the link in it to confirm it.')
  out.next(
    ...(organization ? [] : ['mcpctl orgs create <name>']),
    `mcpctl quickstart${organization ? ` --org ${organization}` : ''}`,
    'mcpctl onboarding status',
  )
}
