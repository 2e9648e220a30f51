import type { Me, Onboarding, OnboardingState, OnboardingStep } from '@berth/contracts'
import { Link } from '@tanstack/react-router'
import { Check, Minus } from 'lucide-react'
import { lazy, type ReactNode, Suspense } from 'react'
import type { Membership } from '../../app/session.ts'
import { Brand } from '../../shell/Brand.tsx'
import { LiveMark, NewVersion } from '../../shell/LiveMark.tsx'
import { useSignOut } from '../../shell/useSignOut.ts'
import { Button } from '../../ui/Button.tsx'
import { cx } from '../../ui/cx.ts'
import { linkLook } from '../identity/WayIn.tsx'
import { order, titles, whyClosed } from './steps.ts'

const BillingBanner = lazy(async () => ({
  default: (await import('../billing/BillingBanner.tsx')).BillingBanner,
}))

export interface FrameProps {
  me: Me | null
  organization: Membership | null
  /** How far they are; absent: nobody is signed in, or it is not known yet. */
  onboarding?: Onboarding | undefined
  current: OnboardingStep
  children: ReactNode
}

/** What stands around every step: whose it is, how far it went, and the way out. */
export function Frame({ me, organization, onboarding, current, children }: FrameProps) {
  const signOut = useSignOut()
  return (
    <div className="flex min-h-dvh flex-col">
      <title>{`${titles[current]} · ${organization?.name ?? 'Set up'} · Berth`}</title>
      <header className="flex h-12 shrink-0 items-center gap-3 border-b border-line bg-panel px-4">
        <Brand />
        <span className="min-w-0 flex-1 truncate text-ink-2">
          <span className="max-sm:hidden">{organization?.name}</span>
        </span>
        {me && me.confirmEmail !== 'must' && (
          <>
            <NewVersion />
            <LiveMark />
            <span className="truncate text-xs text-ink-3 max-md:hidden">{me.user?.email}</span>
            {organization && (
              <Link to="/console/lifecycle" search={{ org: organization.slug }} className={linkLook}>
                Go to the console
              </Link>
            )}
            <Button look="quiet" className="!px-1.5" onClick={signOut}>
              Sign out
            </Button>
          </>
        )}
      </header>
      <nav aria-label="Steps" className="border-b border-line bg-panel px-2 sm:px-4">
        <ol className="mx-auto grid max-w-[760px] grid-cols-5">
          {order.map((step, at) => (
            <li key={step} className="min-w-0">
              <Step
                step={step}
                number={at + 1}
                current={step === current}
                state={onboarding?.steps[at]!.state ?? (step === 'account' ? 'next' : 'open')}
                closed={onboarding ? whyClosed(onboarding, step) : 'Create your account first.'}
                org={organization?.slug}
              />
            </li>
          ))}
        </ol>
      </nav>
      <Suspense>{organization?.state === 'active' && <BillingBanner organization={organization} />}</Suspense>
      <main className="@container mx-auto flex w-full flex-1 flex-col px-4 pb-10 sm:px-5">{children}</main>
    </div>
  )
}

const words: Record<OnboardingState, string> = {
  done: 'done',
  skipped: 'left out',
  next: 'to do',
  open: 'to do',
}

interface StepProps {
  step: OnboardingStep
  number: number
  current: boolean
  state: OnboardingState
  closed: string | null
  org: string | undefined
}

/** One step as a sign and a word; a link where one may go there. */
function Step({ step, number, current, state, closed, org }: StepProps) {
  const face = (
    <>
      <span
        aria-hidden
        className={cx(
          'grid size-5 shrink-0 place-items-center rounded-full border text-2xs font-semibold tabular-nums',
          state === 'done' && 'border-good bg-good-bg text-good',
          state === 'skipped' && 'border-line-strong text-ink-3',
          (state === 'next' || state === 'open') &&
            (current ? 'border-accent bg-accent text-accent-ink' : 'border-line-strong text-ink-3'),
        )}
      >
        {state === 'done' && <Check className="size-3" />}
        {state === 'skipped' && <Minus className="size-3" />}
        {(state === 'next' || state === 'open') && number}
      </span>
      <span className={cx('max-w-full truncate max-sm:text-2xs', current && 'font-semibold text-ink')}>
        {titles[step]}
        <span className="sr-only">, {words[state]}</span>
      </span>
    </>
  )
  const look = cx(
    'flex h-14 items-center justify-center gap-2 border-b-2 outline-offset-[-2px] max-sm:flex-col max-sm:gap-0.5 sm:h-11',
    current ? 'border-accent text-ink' : 'border-transparent text-ink-3',
  )
  if (closed)
    return (
      <span className={look} title={closed} {...(current ? { 'aria-current': 'step' as const } : {})}>
        {face}
      </span>
    )
  return (
    <Link
      to="/onboarding"
      search={{ step, org }}
      className={cx(look, 'hover:text-ink')}
      activeProps={{}}
      aria-current={current ? 'step' : undefined}
    >
      {face}
    </Link>
  )
}
