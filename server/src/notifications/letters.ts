/** What is said in a message, whatever it is sent as. */
export interface Letter {
  subject: string
  greeting: string
  /** One paragraph each. */
  paragraphs: string[]
  /** The one thing to do, if there is one. */
  action?: { label: string; url: string }
  /** Small print after the action. */
  after?: string[]
}

const notYou =
  'If this was not you, ask the operator of this Berth to disable the account, and set a new password.'

/** Every kind of message with what it takes, and what it says. */
export const letters = {
  'password-reset': ({ name, url }: { name: string; url: string }): Letter => ({
    subject: 'Set a new password',
    greeting: hello(name),
    paragraphs: ['Somebody asked for a new password for your account. This link sets one:'],
    action: { label: 'Set a new password', url },
    after: [
      'It is good once, for an hour. All sign-ins of the account end when it is used.',
      'If you did not ask for it, nothing has to be done: your password stays as it is.',
    ],
  }),
  'email-confirm': ({ name, url }: { name: string; url: string }): Letter => ({
    subject: 'Confirm your e-mail address',
    greeting: hello(name),
    paragraphs: ['This link confirms that this address is yours. Your account uses it from then on:'],
    action: { label: 'Confirm the address', url },
    after: [
      'It is good once, for a day, and takes the password of your account.',
      'If you did not ask for it, nothing has to be done.',
    ],
  }),
  'address-confirm': ({ name, url }: { name: string; url: string }): Letter => ({
    subject: 'Confirm your e-mail address',
    greeting: hello(name),
    paragraphs: [
      'There is an account on Berth with this address. This link, and the password you chose, confirm that it is yours:',
    ],
    action: { label: 'Confirm the address', url },
    after: [
      'It is good once, for a day; sign in to get another one.',
      'If you made no account, nothing has to be done: nobody can do anything with it without this link.',
    ],
  }),
  'sign-up-again': ({ name, url }: { name: string; url: string }): Letter => ({
    subject: 'You have an account already',
    greeting: hello(name),
    paragraphs: [
      'Somebody wanted an account on Berth with this address, which has one already. If it was you, sign in:',
    ],
    action: { label: 'Sign in', url },
    after: [
      'You do not know the password? The same page sends you a link that sets a new one.',
      'If it was not you, nothing has to be done: nothing was changed.',
    ],
  }),
  'email-changed': ({ name, email }: { name: string; email: string }): Letter => ({
    subject: 'Your e-mail address was changed',
    greeting: hello(name),
    paragraphs: [`Your account uses the address ${email} from now on, and no longer this one.`, notYou],
  }),
  'password-changed': ({ name }: { name: string }): Letter => ({
    subject: 'Your password was changed',
    greeting: hello(name),
    paragraphs: ['Your account has a new password. Its other sign-ins were ended.', notYou],
  }),
  'second-factor-removed': ({ name }: { name: string }): Letter => ({
    subject: 'Your second factor was turned off',
    greeting: hello(name),
    paragraphs: ['Signing in to your account takes the password alone from now on.', notYou],
  }),
  invitation: ({ organization, inviter, role, expiresAt, url }: InvitationLetter): Letter => ({
    subject: `You are invited to ${organization}`,
    greeting: 'Hello,',
    paragraphs: [
      `${inviter ?? 'An administrator'} invites you to join ${organization} on Berth as ${role}. This link shows the invitation:`,
    ],
    action: { label: 'Look at the invitation', url },
    after: [
      `It is good once, until ${expiresAt.slice(0, 16).replace('T', ' ')} UTC, for an account with this address.`,
      'If you do not want to join, decline there, or do nothing.',
    ],
  }),
  'billing-notice': ({ name, organization, subject, text, action }: BillingNotice): Letter => ({
    subject: `${organization}: ${subject}`,
    greeting: hello(name),
    paragraphs: text,
    action,
    after: [`You get this as an owner or admin of ${organization}. Its invoices are on its billing page.`],
  }),
} satisfies Record<string, (given: never) => Letter>

interface InvitationLetter {
  organization: string
  inviter: string | null
  role: string
  expiresAt: string
  url: string
}

interface BillingNotice {
  name: string
  organization: string
  /** What it is about, after the organization's name. */
  subject: string
  text: string[]
  action: { label: string; url: string }
}

export type LetterKind = keyof typeof letters
export type LetterData<K extends LetterKind> = Parameters<(typeof letters)[K]>[0]

const hello = (name: string) => `Hello ${name},`
