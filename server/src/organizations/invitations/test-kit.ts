import { expect } from 'vitest'
import { api, type MemberRole } from '@berth/contracts'
import type { TestPerson, TestServer } from '../../platform/testing/index.ts'

/** What tests of invitations share, on one server. */
export function invitationsOn(server: () => TestServer) {
  return {
    async found(by: TestPerson, name = 'Acme'): Promise<string> {
      return (await by.client.call(api.organizations.create, { body: { name } })).id
    },
    invite: (by: TestPerson, organizationId: string, email: string, role: MemberRole = 'developer') =>
      by.client.call(api.invitations.create, { params: { organizationId }, body: { email, role } }),
    preview: (token: string) => server().client().call(api.invitations.preview, { params: { token } }),
    accept: (person: TestPerson, token: string) =>
      person.client.call(api.invitations.accept, { params: { token } }),
    decline: (token: string) => server().client().call(api.invitations.decline, { params: { token } }),
    async stateOf(by: TestPerson, organizationId: string, email: string): Promise<string | undefined> {
      const given = { params: { organizationId }, query: {} }
      const { items } = await by.client.call(api.invitations.list, given)
      return items.find((one) => one.email === email)?.state
    },
  }
}

export const tokenOf = ({ link }: { link: string | null }): string => link!.split('/').at(-1)!

export const refused = (code: string, sentence = '') => ({
  problem: { code, detail: expect.stringContaining(sentence) },
})

/** What is told apart by nobody: all of a refusal but the request's own id. */
export async function said(asked: Promise<unknown>): Promise<unknown> {
  const { problem } = (await asked.catch((error: unknown) => error)) as { problem: { requestId: string } }
  return { ...problem, requestId: '' }
}
