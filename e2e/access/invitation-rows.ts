import { api } from '@berth/contracts'
import { signUp } from '@berth/server/platform/testing/index.ts'
import { eventually } from '../support/eventually.ts'
import type { Given, Row } from './rows.ts'
import type { World } from './world.ts'

let made = 0
const freshAddress = () => `invited${++made}@example.com`

async function onInvitation({ owner, organizationId }: World): Promise<Given> {
  const params = { organizationId }
  const body = { email: freshAddress(), role: 'auditor' as const }
  const { id } = await owner.client.call(api.invitations.create, { params, body })
  return { params: { ...params, invitationId: id } }
}

/** The link of an invitation to somebody, out of their mail. */
async function onLink({ owner, mailbox, organizationId }: World, email = freshAddress()): Promise<Given> {
  const params = { organizationId }
  await owner.client.call(api.invitations.create, { params, body: { email, role: 'auditor' } })
  const token = await eventually('the invitation arrives', async () => {
    const text = mailbox.latestTo(email)?.text ?? ''
    return /\/onboarding\/invite\/([\w-]+)/.exec(text)?.[1] ?? null
  })
  return { params: { token } }
}

/** Invitations and their links. */
export const invitationRows: Record<string, Row> = {
  'invitations.list': {
    needs: 'members:read',
    request: ({ organizationId }) => ({ params: { organizationId } }),
  },
  'invitations.create': {
    needs: 'members:write',
    request: ({ organizationId }) => ({
      params: { organizationId },
      body: { email: freshAddress(), role: 'auditor' },
    }),
  },
  'invitations.resend': { needs: 'members:write', request: onInvitation },
  'invitations.revoke': { needs: 'members:write', request: onInvitation },
  'invitations.preview': { needs: 'nothing', request: (world) => onLink(world) },
  'invitations.accept': {
    needs: 'person',
    signIn: true,
    request: async (world) => {
      const as = await signUp(world.server)
      return { ...(await onLink(world, as.email)), as }
    },
  },
  'invitations.decline': { needs: 'nothing', request: (world) => onLink(world) },
}
