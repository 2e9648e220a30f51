import { api, skippableStep, type Onboarding, type SkippableStep } from '@berth/contracts'
import { Argument, Command } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import { escapeText } from '../core/text.ts'

/** `mcpctl onboarding`: the first steps, and how far they are. */
export function onboardingCommand(): Command {
  return noun('onboarding', 'The first steps, from an account to an answered call', [
    does(new Command('status').description('How far you and your organization are'), status),
    does(
      new Command('skip')
        .description('Leave out a step for now')
        .addArgument(new Argument('<step>', 'what to leave out').choices(skippableStep.options)),
      skip,
    ),
  ])
}

async function status(context: Context): Promise<void> {
  const organizationId = context.options.org ?? context.credentials.of(context.url).organizationId
  print(context, await context.call(api.onboarding.get, { query: organizationId ? { organizationId } : {} }))
}

async function skip(context: Context, _options: object, step: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const body = { step: step as SkippableStep }
  await context.call(api.onboarding.skip, { params: { organizationId }, body })
  print(context, await context.call(api.onboarding.get, { query: { organizationId } }))
}

type Step = Onboarding['steps'][number]

/** What there is of a step, and what does it. */
function describe(step: Step, slug: string): { fact: string; command: string } {
  switch (step.step) {
    case 'account': {
      const mark = step.emailVerified
        ? 'verified'
        : step.mustVerify
          ? 'open the link in the letter'
          : 'not verified'
      return {
        fact: `${escapeText(step.email)}, ${mark}`,
        command: `mcpctl account resend-confirmation ${escapeText(step.email)}`,
      }
    }
    case 'organization':
      return { fact: escapeText(step.organization?.slug ?? '—'), command: 'mcpctl orgs create <name>' }
    case 'plan': {
      const { planName, state } = step.subscription ?? { planName: '—', state: '' }
      return { fact: `${escapeText(planName)} ${state}`.trim(), command: 'mcpctl billing plans list' }
    }
    case 'invite':
      return {
        fact: `${step.members} ${step.members === 1 ? 'member' : 'members'}, ${step.invited} invited`,
        command: 'mcpctl orgs invite <e-mail>',
      }
    default:
      return {
        fact: `${escapeText(step.deployment?.name ?? '—')}, ${step.answered ? 'a call was answered' : 'no call yet'}`,
        command: `mcpctl quickstart --org ${slug}`,
      }
  }
}

function print({ out }: Context, onboarding: Onboarding): void {
  if (out.json) return out.data(onboarding)
  const slug = onboarding.steps[1].organization?.slug ?? '<organization>'
  out.table(
    onboarding.steps,
    [
      { title: 'step', cell: (one) => one.step },
      { title: 'state', cell: (one) => one.state },
      { title: 'now', cell: (one) => describe(one, slug).fact },
    ],
    '',
  )
  const next = onboarding.steps.find(({ state }) => state === 'next')
  if (!next) return
  // Both come next only for those who may leave them out, too.
  const skippable = next.step === 'plan' || next.step === 'invite'
  out.next(describe(next, slug).command, ...(skippable ? [`mcpctl onboarding skip ${next.step}`] : []))
}
