import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { demandKeptSeat, demandRoom } from '../../billing/service.ts'
import { subscribeTo } from '../../billing/test-kit.ts'
import { verifyEmail } from '../../identity/service.ts'
import { createNotifications } from '../../notifications/service.ts'
import { newId } from '../../platform/ids.ts'
import { openTestPlatform, type TestPlatform } from '../../platform/testing/index.ts'
import { Refusal } from '../../platform/problem.ts'
import type { Tx } from '../../platform/mutate.ts'
import { addMember, removeMember } from '../members.ts'
import { createOrganization } from '../organizations.ts'
import { acceptInvitation, declineInvitation } from './answer.ts'
import type { InvitationContext } from './context.ts'
import { createInvitation, resendInvitation, revokeInvitation } from './invitations.ts'
import { tokenOf } from './test-kit.ts'

const people = 5
let platform: TestPlatform
let context: InvitationContext
let users: { id: string; email: string }[]
const demandSeat = (tx: Tx, id: string) => demandRoom(tx, id, 'seats')

beforeAll(async () => {
  platform = await openTestPlatform()
  context = {
    notifications: createNotifications(platform),
    publicUrl: () => 'http://127.0.0.1',
    demandSeat,
    demandKeptSeat,
    demandPace: async () => {},
    verifyEmail,
  }
  const at = new Date()
  users = Array.from({ length: people + 1 }, () => {
    const id = newId('user')
    return { id, email: `${id}@example.com` }
  })
  await platform.db
    .insertInto('users')
    .values(
      users.map((user) => ({ ...user, name: 'Somebody', emailVerified: true, createdAt: at, updatedAt: at })),
    )
    .execute()
})
afterAll(() => platform?.close())

type Act =
  | { do: 'invite'; person: number }
  | { do: 'add'; person: number }
  | { do: 'remove'; person: number }
  | { do: 'accept'; person: number; link: number }
  | { do: 'decline'; link: number }
  | { do: 'revoke'; link: number }
  | { do: 'resend'; link: number }

const person = fc.integer({ min: 1, max: people })
const link = fc.nat(6)
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('invite' as const), person }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('accept' as const), person, link }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('decline' as const, 'revoke' as const, 'resend' as const),
      link,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('add' as const, 'remove' as const), person }) },
)

/** A link that was handed out; the token of one that was sent again is another. */
interface Link {
  invitationId: string
  token: string
  for: number
  /** Another one was sent in its place. */
  stale: boolean
}

async function counts(organizationId: string): Promise<{ members: number; reserved: number }> {
  const { db } = platform
  const row = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('members')
        .select((e) => e.fn.countAll<number>().as('n'))
        .where('organizationId', '=', organizationId)
        .as('members'),
      eb
        .selectFrom('invitations')
        .select((e) => e.fn.countAll<number>().as('n'))
        .where('organizationId', '=', organizationId)
        .where('state', '=', 'pending')
        .as('reserved'),
    ])
    .executeTakeFirstOrThrow()
  return { members: Number(row.members), reserved: Number(row.reserved) }
}

/** How often each invitation was accepted, and how many people came in. */
async function toldOf(organizationId: string) {
  const rows = await platform.db
    .selectFrom('events')
    .select(['type', 'payload'])
    .where('organizationId', '=', organizationId)
    .execute()
  const of = (type: string) => rows.filter((row) => row.type === type).map(({ payload }) => payload)
  return {
    accepted: of('invitation.accepted').map((payload) => (payload as { invitationId: string }).invitationId),
    added: of('member.added').length,
    removed: of('member.removed').length,
  }
}

test('invariant 19: members and those who are invited never take more seats than there are, and a link lets in one person once, whatever is done at the same time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.array(act, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 4 }),
      async (seats, lanes) => {
        const ownerId = users[0]!.id
        const origin = { actor: { kind: 'user' as const, id: ownerId, tokenId: null }, requestId: null }
        const { id } = await platform.mutate(origin, (tx) =>
          createOrganization(tx, { name: newId('organization').slice(-12), timeZone: 'UTC', ownerId }),
        )
        await subscribeTo(platform.db, id, [{ key: 'seats', limit: seats }])
        const links: Link[] = []
        let joined = 0
        let directly = 0

        /** What is refused in words has changed nothing. */
        const change = async <T>(work: (tx: Tx) => Promise<T>): Promise<T | null> => {
          const done = await platform.mutate(origin, work).catch((error: unknown) => {
            if (error instanceof Refusal) return null
            throw error
          })
          const { members, reserved } = await counts(id)
          expect(members + reserved).toBeLessThanOrEqual(seats)
          return done
        }

        const perform = async (one: Act): Promise<void> => {
          if (one.do === 'invite') {
            const { email } = users[one.person]!
            const given = { email, role: 'developer' as const, expiresInDays: 7 }
            const made = await change((tx) => createInvitation(tx, context, id, given))
            if (made)
              links.push({ invitationId: made.id, token: tokenOf(made), for: one.person, stale: false })
            return
          }
          if (one.do === 'add') {
            const { email } = users[one.person]!
            const added = await change((tx) => addMember(tx, id, { email, role: 'developer' }, demandSeat))
            if (added) directly++
            return
          }
          if (one.do === 'remove') {
            const member = await platform.db
              .selectFrom('members')
              .select('id')
              .where('organizationId', '=', id)
              .where('userId', '=', users[one.person]!.id)
              .executeTakeFirst()
            if (member) await change((tx) => removeMember(tx, id, member.id, async () => {}))
            return
          }
          const given = links[one.link % Math.max(1, links.length)]
          if (!given) return
          const { invitationId, token, stale } = given
          if (one.do === 'revoke') await change((tx) => revokeInvitation(tx, id, invitationId))
          else if (one.do === 'decline') {
            const declined = await change(async (tx) => (await declineInvitation(tx, token), true))
            if (stale) expect(declined).toBeNull()
          } else if (one.do === 'resend') {
            const sent = await change((tx) => resendInvitation(tx, context, id, invitationId))
            if (!sent) return
            for (const before of links) before.stale ||= before.invitationId === invitationId
            links.push({ ...given, token: tokenOf(sent), stale: false })
          } else {
            const userId = users[one.person]!.id
            const accepted = await change((tx) => acceptInvitation(tx, context, token, userId))
            if (!accepted) return
            expect([given.for, stale]).toEqual([one.person, false])
            joined++
          }
        }

        await Promise.all(
          lanes.map(async (acts) => {
            for (const one of acts) await perform(one)
          }),
        )
        const { accepted, added, removed } = await toldOf(id)
        expect(new Set(accepted).size).toBe(accepted.length)
        // The owner, those who were added, and one for every link that was accepted.
        expect(added).toBe(1 + directly + accepted.length)
        expect(joined).toBeGreaterThanOrEqual(accepted.length)
        expect((await counts(id)).members).toBe(added - removed)
      },
    ),
    { numRuns: 40 },
  )
}, 180_000)
