import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { displayName, idOf, timestamp } from './ids.ts'

export const passwordLength = { min: 12, max: 128 }

const { min, max } = passwordLength

/** A password somebody chooses. */
export const newPassword = z
  .string()
  .min(min, `use at least ${min} characters`)
  .max(max, `use at most ${max} characters`)

/** A password somebody shows: only the stored one decides whether it is right. */
const shownPassword = z.string().min(1, 'type your present password').max(1000)

export const emailAddress = z.email('this is not an e-mail address').max(254)

/** Six digits of an authenticator app, or one of the recovery codes; spaces and hyphens do not count. */
const secondFactor = z.string().trim().min(6, 'type the six digits, or a recovery code').max(40)

const revokeTokens = z
  .boolean()
  .default(false)
  .describe("Whether the person's API tokens end too; otherwise they go on working")

const linkToken = z.string().min(20).max(200).describe('The secret of the link, from its fragment')

export const account = z.object({
  id: idOf('user'),
  name: z.string(),
  email: z.string(),
  emailVerified: z.boolean().describe('Whether somebody opened a link that was sent there'),
  pendingEmail: z
    .string()
    .nullable()
    .describe('An address whose link waits to be opened: a new one, or the present one'),
  createdAt: timestamp,
  secondFactor: z.object({
    enabledAt: timestamp.nullable().describe('Null: signing in takes the password alone'),
    recoveryCodesLeft: z.number().int(),
  }),
  soleOwnerOf: z
    .array(z.object({ id: idOf('organization'), slug: z.string(), name: z.string() }))
    .describe('Organizations with no other owner: they stand in the way of deleting the account'),
  sendsMail: z
    .boolean()
    .describe('Whether this installation sends e-mail; otherwise a new address counts at once'),
})
export type Account = z.infer<typeof account>

const recoveryCodes = z.object({
  recoveryCodes: z.array(z.string()).describe('Shown once, stored as hashes; each is good for one sign-in'),
})

export const accountEndpoints = {
  get: endpoint({
    id: 'account.get',
    method: 'GET',
    path: '/api/me/account',
    tag: 'account',
    summary: "The caller's account: address, second factor, and what stands in the way of deleting it",
    unverified: true,
    access: { kind: 'user' },
    response: account,
  }),
  changeName: endpoint({
    id: 'account.change-name',
    example: { body: { name: 'Ada Lovelace' } },
    method: 'PATCH',
    path: '/api/me/account',
    tag: 'account',
    summary: "Change the caller's name",
    access: { kind: 'user' },
    body: z.object({ name: displayName }),
    response: account,
  }),
  changeEmail: endpoint({
    id: 'account.change-email',
    example: { body: { email: '$EMAIL', password: '$PASSWORD' } },
    method: 'POST',
    path: '/api/me/email',
    tag: 'account',
    summary: "Change the caller's e-mail address",
    description:
      'Where Berth sends e-mail, the new address counts once the link sent there is opened with the password, and giving the present, ' +
      'unconfirmed address sends its link. Elsewhere the new address counts at once, unconfirmed.',
    unverified: true,
    access: { kind: 'user' },
    body: z.object({ email: emailAddress, password: shownPassword }),
    response: account,
  }),
  confirmEmail: endpoint({
    id: 'account.confirm-email',
    example: { body: { token: '$TOKEN', password: '$PASSWORD' } },
    method: 'POST',
    path: '/api/email/confirm',
    tag: 'account',
    summary: 'Confirm an e-mail address with the link that was sent there',
    description:
      'Takes the password, too: the one chosen at the sign-up that the link belongs to, otherwise the present one of the ' +
      'account. So nobody confirms an account that somebody else made with their address. Without a password nothing is ' +
      'confirmed: a link that is good for nothing says so, any other one asks for it.',
    access: { kind: 'public' },
    body: z.object({ token: linkToken, password: shownPassword.optional() }),
    response: z.object({ email: z.string() }),
  }),
  resendConfirmation: endpoint({
    id: 'account.resend-confirmation',
    example: { body: { email: '$EMAIL' } },
    method: 'POST',
    path: '/api/email/resend',
    tag: 'account',
    summary: 'Send the link that confirms an e-mail address again',
    description:
      'The answer is always the same. Where Berth sends e-mail, a new link goes to the address if it waits to be ' +
      'confirmed; the one before it ends.',
    access: { kind: 'public' },
    body: z.object({ email: emailAddress }),
    response: z.object({ sendsMail: z.boolean() }),
  }),
  changePassword: endpoint({
    id: 'account.change-password',
    example: { body: { currentPassword: '$CURRENT_PASSWORD', newPassword: '$NEW_PASSWORD' } },
    method: 'POST',
    path: '/api/me/password',
    tag: 'account',
    summary:
      "Change the caller's password; every other sign-in of theirs ends, and their API tokens if they say so",
    access: { kind: 'user' },
    body: z.object({ currentPassword: shownPassword, newPassword, revokeTokens }),
  }),
  forgotPassword: endpoint({
    id: 'account.forgot-password',
    example: { body: { email: '$EMAIL' } },
    method: 'POST',
    path: '/api/password/forgot',
    tag: 'account',
    summary: 'Ask for a link that sets a new password',
    description:
      'The answer is always the same. Where Berth sends e-mail, the link goes to the address if an account has it; ' +
      'elsewhere an operator hands the link on.',
    access: { kind: 'public' },
    body: z.object({ email: emailAddress }),
    response: z.object({ sendsMail: z.boolean() }),
  }),
  resetPassword: endpoint({
    id: 'account.reset-password',
    example: { body: { token: '$TOKEN', newPassword: '$NEW_PASSWORD' } },
    method: 'POST',
    path: '/api/password/reset',
    tag: 'account',
    summary:
      'Set a new password with a link; every sign-in of the account ends, and its API tokens if that is said',
    access: { kind: 'public' },
    body: z.object({ token: linkToken, newPassword, revokeTokens }),
  }),
  enrolTotp: endpoint({
    id: 'account.enrol-totp',
    example: { body: { password: '$PASSWORD' } },
    method: 'POST',
    path: '/api/me/totp',
    tag: 'account',
    summary: 'Begin with a second factor: the secret for an authenticator app',
    description: 'Nothing changes until a code of the app is confirmed. Asking again gives another secret.',
    access: { kind: 'user' },
    body: z.object({ password: shownPassword }),
    response: z.object({
      secret: z.string().describe('Base32, for typing'),
      uri: z.string().describe('otpauth://…, for a QR code'),
    }),
  }),
  confirmTotp: endpoint({
    id: 'account.confirm-totp',
    example: { body: { code: '$CODE' } },
    method: 'POST',
    path: '/api/me/totp/confirm',
    tag: 'account',
    summary: 'Turn the second factor on with a first code of the app; gives the recovery codes',
    access: { kind: 'user' },
    body: z.object({ code: secondFactor }),
    response: recoveryCodes,
  }),
  renewRecoveryCodes: endpoint({
    id: 'account.renew-recovery-codes',
    example: { body: { password: '$PASSWORD', code: '$CODE' } },
    method: 'POST',
    path: '/api/me/totp/recovery-codes',
    tag: 'account',
    summary: 'Make new recovery codes; the old ones are worth nothing from then on',
    access: { kind: 'user' },
    body: z.object({ password: shownPassword, code: secondFactor }),
    response: recoveryCodes,
  }),
  disableTotp: endpoint({
    id: 'account.disable-totp',
    example: { body: { password: '$PASSWORD', code: '$CODE' } },
    method: 'POST',
    path: '/api/me/totp/disable',
    tag: 'account',
    summary: 'Turn the second factor off',
    access: { kind: 'user' },
    body: z.object({ password: shownPassword, code: secondFactor }),
  }),
  delete: endpoint({
    id: 'account.delete',
    example: { body: { password: '$PASSWORD' } },
    method: 'POST',
    path: '/api/me/delete',
    tag: 'account',
    summary: "Delete the caller's account for good",
    description:
      'Sign-ins and tokens end at once, memberships go, and personal data is erased, in the log too: what happened ' +
      'stays provable, who it was does not. Refused while an organization would be left without an owner.',
    unverified: true,
    access: { kind: 'user' },
    body: z.object({
      password: shownPassword,
      code: secondFactor.optional().describe('Needed where the account has a second factor'),
    }),
  }),
}
