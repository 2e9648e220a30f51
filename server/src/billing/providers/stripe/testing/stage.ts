/** What tests of Stripe share: an installation that it collects for, and organizations that pay. */
import type { Invoice } from '@berth/contracts'
import { movableClock, openTestPlatform, type TestPlatform } from '../../../../platform/testing/index.ts'
import { changePlan, type PlanWish } from '../../../subscriptions/change.ts'
import { beginCheckout } from '../../../subscriptions/checkout.ts'
import type { Held, Notice, Terms } from '../../../subscriptions/model.ts'
import { readSubscription } from '../../../subscriptions/store.ts'
import { invoicesOf, ordinary } from '../../../subscriptions/test-kit.ts'
import { runDue } from '../../../subscriptions/worker.ts'
import { findCustomer } from '../../customers.ts'
import type { Collector } from '../../provider.ts'
import { syncDue } from '../../syncing.ts'
import { createStripe } from '../stripe.ts'
import { secretKey, startFakeStripe, webhookSecret, type Card, type FakeStripe } from './fake-stripe.ts'

export const hour = 3600_000
export const day = 24 * hour

export interface Stage {
  platform: TestPlatform
  clock: ReturnType<typeof movableClock>
  fake: FakeStripe
  terms: Terms
  collector: Collector
  /** Who was written to, of what. */
  letters: { organizationId: string; notice: Notice }[]
  /** Time passes, and our own clock does what falls due; Stripe is not asked and says nothing. */
  pass(ms: number): Promise<void>
  /** Everything that is due is compared. */
  settle(): Promise<void>
  now(organizationId: string): Promise<Held>
  /** Begins a checkout; the id of its session. */
  checkout(organizationId: string, wish?: Partial<PlanWish>): Promise<string>
  /** An organization that paid for a plan at the checkout, with the card that is kept. */
  paying(wish?: Partial<PlanWish>, card?: Card): Promise<string>
  change(organizationId: string, wish?: Partial<PlanWish>): Promise<void>
  customerOf(organizationId: string): Promise<string>
  /** Its invoices that were issued, in order; drafts and what became of them aside. */
  invoicesOf(organizationId: string): Promise<Invoice[]>
  close(): Promise<void>
}

const team: PlanWish = { plan: 'team', seats: null }

export async function openStage(): Promise<Stage> {
  const clock = movableClock()
  const platform = await openTestPlatform({ clock })
  const fake = await startFakeStripe(clock.now)
  const letters: Stage['letters'] = []
  const terms: Terms = {
    graceDays: 14,
    provider: 'stripe',
    tell: async (_, { organizationId }, notice) => void letters.push({ organizationId, notice }),
  }
  const collector = createStripe(platform, terms, {
    settings: { secretKey, webhookSecret, api: fake.url },
    page: (id) => `https://berth.test/console/billing/${id}`,
    retries: 0,
  })
  const stage: Stage = {
    platform,
    clock,
    fake,
    terms,
    collector,
    letters,
    pass: async (ms) => {
      clock.advance(ms)
      await runDue(platform, terms)
    },
    settle: () => syncDue(platform, collector),
    now: (id) => readSubscription(platform.db, id),
    checkout: async (id, wish) => {
      const { invoiceId } = await platform.change((tx) => beginCheckout(tx, id, { ...team, ...wish }, terms))
      const { url } = await collector.checkout(invoiceId)
      return url.split('/').at(-1)!
    },
    paying: async (wish, card) => {
      const id = await ordinary(platform)
      fake.payCheckout(await stage.checkout(id, wish), card)
      await collector.sync(id)
      return id
    },
    change: (id, wish) => platform.change((tx) => changePlan(tx, id, { ...team, ...wish }, terms)),
    customerOf: async (id) => (await findCustomer(platform.db, id, 'stripe'))!.customerRef!,
    invoicesOf: async (id) => (await invoicesOf(platform, id)).filter(({ number }) => number !== null),
    close: async () => {
      await fake.close()
      await platform.close()
    },
  }
  return stage
}
