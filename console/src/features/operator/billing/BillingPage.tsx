import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useMemo } from 'react'
import { type Action, usePageActions } from '../../../app/actions.tsx'
import { Badge } from '../../../ui/Badge.tsx'
import { Button } from '../../../ui/Button.tsx'
import { Tabs } from '../../../ui/Tabs.tsx'
import { OperatorPage } from '../OperatorPage.tsx'
import { OrganizationsTab } from './OrganizationsTab.tsx'
import { driftsQuery, webhooksQuery } from './queries.ts'

// Most come for the first tab.
const WebhooksTab = lazy(async () => ({ default: (await import('./WebhooksTab.tsx')).WebhooksTab }))
const DriftTab = lazy(async () => ({ default: (await import('./DriftTab.tsx')).DriftTab }))
const CreateTestOrganization = lazy(async () => ({
  default: (await import('./CreateTestOrganization.tsx')).CreateTestOrganization,
}))
const PlanFileDialog = lazy(async () => ({
  default: (await import('./PlanFileDialog.tsx')).PlanFileDialog,
}))

const intros = {
  organizations:
    'What every organization is on and what it owes. Payments are recorded here; a test organization has a clock of its own to live through what time brings.',
  webhooks:
    'What payment providers told of, as it came: kept first, then dealt with. What fails is tried again for about a day, then it is dead and waits for you.',
  drift:
    'Where a payment provider differs from what is here in a way that takes a person. It goes away by itself once both agree, or when you say what you did about it.',
}

/** Billing of the whole installation: what organizations are on, what payment providers say, and where they differ. */
export function BillingPage() {
  const { tab = 'organizations', ask } = useSearch({ from: '/console/operator/billing' })
  const navigate = useNavigate({ from: '/console/operator/billing' })
  const dead = useCount(webhooksQuery({ state: 'dead' }))
  const drifts = useCount(driftsQuery)
  const setAsk = useCallback(
    (to: typeof ask) => void navigate({ search: (before) => ({ ...before, ask: to }), replace: true }),
    [navigate],
  )
  // What is looked for on one tab says nothing on another.
  const show = useCallback(
    (to: keyof typeof intros) => void navigate({ search: to === 'organizations' ? {} : { tab: to } }),
    [navigate],
  )
  const close = () => setAsk(undefined)
  usePageActions(
    useMemo(
      (): Action[] => [
        { id: 'file', label: 'Open the plan file', run: () => setAsk('plans') },
        { id: 'test', label: 'Create a test organization', run: () => setAsk('test') },
        { id: 'organizations', label: 'Show organizations', run: () => show('organizations') },
        { id: 'webhooks', label: 'Show webhooks', run: () => show('webhooks') },
        { id: 'drift', label: 'Show drift', run: () => show('drift') },
      ],
      [setAsk, show],
    ),
  )
  return (
    <OperatorPage
      title="Billing"
      intro={intros[tab]}
      action={
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={() => setAsk('test')}>Test organization…</Button>
          <Button look="primary" onClick={() => setAsk('plans')}>
            Plan file…
          </Button>
        </div>
      }
    >
      <Tabs
        label="Billing"
        tabs={[
          { value: 'organizations', label: 'Organizations' },
          { value: 'webhooks', label: 'Webhooks', mark: dead && <Badge tone="bad">{dead} dead</Badge> },
          { value: 'drift', label: 'Drift', mark: drifts && <Badge tone="wait">{drifts}</Badge> },
        ]}
        value={tab}
        onChange={show}
      >
        {tab === 'organizations' && <OrganizationsTab />}
        <Suspense>
          {tab === 'webhooks' && <WebhooksTab />}
          {tab === 'drift' && <DriftTab />}
        </Suspense>
      </Tabs>
      <Suspense>
        {ask === 'test' && <CreateTestOrganization onClose={close} />}
        {ask === 'plans' && <PlanFileDialog onClose={close} />}
      </Suspense>
    </OperatorPage>
  )
}

/** How many there are of what waits for somebody; null: none. */
function useCount(query: typeof driftsQuery | ReturnType<typeof webhooksQuery>): string | null {
  // Two kinds of pages, of which only the number of rows is read.
  const { data } = useInfiniteQuery(query as typeof driftsQuery)
  const count = data?.pages.reduce((sum, { items }) => sum + items.length, 0) ?? 0
  return count === 0 ? null : `${count}${data?.pages.at(-1)?.nextCursor ? '+' : ''}`
}
