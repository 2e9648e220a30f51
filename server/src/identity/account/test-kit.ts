import { sql } from 'kysely'
import { api, platformOrganizationId } from '@berth/contracts'
import type { TestPerson, TestServer } from '../../platform/testing/index.ts'
import { post } from '../people/test-kit.ts'
import { codeAt, stepAt } from './totp.ts'

/** The bytes of a base32 secret. */
export function bytesOf(secret: string): Buffer {
  const bits = secret
    .split('')
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** The code that an app shows at an instant. */
export const codeOf = (secret: string, at: Date): string => codeAt(bytesOf(secret), stepAt(at))

/** Turns the second factor on; its secret and the recovery codes. */
export async function turnOn(person: TestPerson, now: Date) {
  const { secret } = await person.client.call(api.account.enrolTotp, { body: { password: person.password } })
  const body = { code: codeOf(secret, now) }
  const { recoveryCodes } = await person.client.call(api.account.confirmTotp, { body })
  return { secret, recoveryCodes }
}

/** Signs in as the API answers: the token, or the refusal. */
export async function signIn(
  server: TestServer,
  given: { email: string; password: string; code?: string },
): Promise<{ status: number; token?: string; code?: string; detail?: string; errors?: object[] }> {
  const response = await post(server, '/sign-in/email', given)
  return { ...((await response.json()) as object), status: response.status }
}

/** What the platform's log says about a person, in order. */
export async function eventsAbout(server: TestServer, userId: string) {
  const { db } = server.berth.platform
  const rows = await db
    .selectFrom('events')
    .select(['type', 'payload', 'actor'])
    .where('organizationId', '=', platformOrganizationId)
    .where(sql<string>`payload ->> 'userId'`, '=', userId)
    .orderBy('seq')
    .execute()
  return rows.map((row) => row.type)
}

export const refused = (code: string, sentence?: string) => ({
  problem: { code, ...(sentence && { detail: expectText(sentence) }) },
})

const expectText = (part: string): unknown => ({
  asymmetricMatch: (text: unknown) => typeof text === 'string' && text.includes(part),
  toString: () => `StringContaining ${part}`,
})
