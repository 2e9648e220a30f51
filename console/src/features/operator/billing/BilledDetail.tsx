import type { Invoice } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { useMe, whyNot } from '../../../app/session.ts'
import { Button } from '../../../ui/Button.tsx'
import { Id } from '../../../ui/Id.tsx'
import { Invoices } from '../../billing/Invoices.tsx'
import { clockQuery } from '../../billing/queries.ts'
import { momentOf, owedWords } from '../../billing/words.ts'
import { Facts } from '../Facts.tsx'
import { InvoiceDeeds } from './InvoiceDeeds.tsx'
import { type Billed, invoicesOfQuery } from './queries.ts'

const deeds = () => import('./OrganizationDeeds.tsx')
const AssignPlan = lazy(async () => ({ default: (await deeds()).AssignPlan }))
const AllowOverLimit = lazy(async () => ({ default: (await deeds()).AllowOverLimit }))
const AdvanceClock = lazy(async () => ({ default: (await deeds()).AdvanceClock }))

/** Operators serve organizations of many zones; they read times in one. */
const zone = 'UTC'

const deedsOf = (invoice: Invoice) => <InvoiceDeeds invoice={invoice} />

/** What stands below an organization's row: its subscription, its invoices, and what an operator can do. */
export function BilledDetail({ one }: { one: Billed }) {
  const { organization, subscriptionId, plan, planVersion, periodEnd, graceEndsAt, owed } = one
  const [asked, setAsked] = useState<'assign' | 'allow' | 'clock' | null>(null)
  const close = () => setAsked(null)
  const facts: [string, ReactNode][] = [
    ['Organization', <Id key="id" value={organization.id} what="organization id" />],
    ['Subscription', <Id key="subscription" value={subscriptionId} what="subscription id" />],
    ['Plan', `${plan}, version ${planVersion}`],
    ['Period ends', momentOf(periodEnd, zone)],
    ...(graceEndsAt ? [['Grace ends', momentOf(graceEndsAt, zone)] as [string, ReactNode]] : []),
    ['To be paid', owed.length === 0 ? 'nothing' : owedWords(owed)],
  ]
  return (
    <>
      <Facts facts={facts} />
      <div className="mt-1 mb-3 flex flex-wrap gap-2">
        <Button onClick={() => setAsked('assign')}>Assign a plan…</Button>
        <Button onClick={() => setAsked('allow')}>Allow over limits…</Button>
        {organization.kind === 'test' && <Clock one={one} onAsk={() => setAsked('clock')} />}
      </div>
      <Invoices source={invoicesOfQuery(organization.id)} timeZone={zone} deeds={deedsOf} />
      <Suspense>
        {asked === 'assign' && <AssignPlan one={one} onClose={close} />}
        {asked === 'allow' && <AllowOverLimit one={one} onClose={close} />}
        {asked === 'clock' && <AdvanceClock one={one} onClose={close} />}
      </Suspense>
    </>
  )
}

/** A test organization's clock; its own people move it. */
function Clock({ one: { organization }, onAsk }: { one: Billed; onAsk: () => void }) {
  const membership = useMe().organizations.find(({ id }) => id === organization.id)
  const refused = membership
    ? whyNot(membership, 'billing:write')
    : `Owners and admins of ${organization.name} move its clock; you are not a member of it.`
  const { data: clock } = useQuery({ ...clockQuery(organization.id), enabled: membership !== undefined })
  return (
    <>
      <Button whyNot={refused} onClick={onAsk}>
        Move its clock…
      </Button>
      {clock && (
        <span className="self-center text-xs text-ink-3">It is {momentOf(clock.now, zone)} there.</span>
      )}
    </>
  )
}
