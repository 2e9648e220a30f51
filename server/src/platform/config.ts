import { isIP } from 'node:net'
import path from 'node:path'
import { z } from 'zod'

const flag = z
  .enum(['true', 'false', '1', '0'], 'must be true or false')
  .transform((value) => value === 'true' || value === '1')
const portFault = 'must be a port number, 0 to 65535'

const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'must be a URL like postgres://user:password@host/database',
})

const secretKey = /^[A-Za-z0-9+/]{43}=$/
const secretKeyFault = 'must be 32 bytes in base64; `openssl rand -base64 32` makes one'

const smtpUrl = z
  .string()
  .refine(
    isSmtpUrl,
    'must be a URL like smtp://user:password@mail.example.com:587, with nothing after the port',
  )

function isSmtpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, pathname, search, hash } = new URL(text)
  return /^smtps?:$/.test(protocol) && hostname !== '' && /^\/?$/.test(pathname) && search + hash === ''
}

const webhookSecret = /^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const webhookSecretFault =
  'must be `whsec_` and 24 to 64 bytes in base64; `echo whsec_$(openssl rand -base64 32)` makes one'

/** Whether a secret of Standard Webhooks is long enough to be one. */
function isWebhookSecret(text: string): boolean {
  const { length } = Buffer.from(text.slice('whsec_'.length), 'base64')
  return webhookSecret.test(text) && length >= 24 && length <= 64
}

const sender = /^(?:[^<>@\r\n]* )?<?[^<>@\s]+@[^<>@\s]+>?$/

/** Every setting: what it means, and for those without a default in place what holds `instead`. */
const environment = z.object({
  BERTH_PORT: z
    .string()
    .regex(/^\d{1,5}$/, portFault)
    .transform(Number)
    .refine((port) => port <= 65_535, portFault)
    .default(7070)
    .describe('port to listen on'),
  BERTH_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe(
      "address to listen on; on any other than this machine's own the first account needs the set-up code that is printed",
    ),
  BERTH_DATA_DIR: z
    .string()
    .min(1)
    .default('.berth')
    .describe("database, keys, artifacts, logs and the servers' files"),
  BERTH_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL like https://berth.example.com' })
    .refine((url) => !/[?#@]/.test(url), 'must have no query, fragment or password')
    .optional()
    .meta({ description: 'the address people and agents use', instead: 'from host and port' }),
  BERTH_TRUST_PROXY: flag
    .default(false)
    .describe("take the client's address from the headers of one reverse proxy in front"),
  BERTH_REQUESTS_PER_MINUTE: z
    .string()
    .regex(/^\d{1,7}$/, 'must be a whole number; 0 sets no limit')
    .transform(Number)
    .default(1200)
    .describe('requests to the API that each caller may make in a minute; 0: as many as they like'),
  BERTH_SECRET_KEY: z
    .string()
    .regex(secretKey, secretKeyFault)
    .optional()
    .meta({ description: '32 bytes in base64; seals every secret', instead: 'made in the data directory' }),
  BERTH_SECRET_KEY_NEXT: z.string().regex(secretKey, secretKeyFault).optional().meta({
    description: 'for `npm run rotate-secret-key` alone: the key to change `BERTH_SECRET_KEY` for',
    instead: 'none',
  }),
  BERTH_BACKUP_PASSPHRASE: z.string().min(12, 'must have at least 12 characters').optional().meta({
    description: 'for `npm run backup` and `restore`: takes the secret key into the backup, sealed with this',
    instead: 'the key stays outside',
  }),
  BERTH_BACKUP_BEFORE_MIGRATION: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe(
      'whether the database is backed up to `backups/` in the data directory before a newer Berth changes it',
    ),
  BERTH_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('`trace` to `fatal`, or `silent`'),
  BERTH_SMTP_URL: smtpUrl.optional().meta({
    description:
      'the mail server, as `smtp://user:password@host:587` or `smtps://…`; without one, links that would be mailed are handed on by an operator',
    instead: 'no e-mail',
  }),
  BERTH_MAIL_FROM: z
    .string()
    .regex(sender, 'must be an address like berth@example.com or Berth <berth@example.com>')
    .optional()
    .meta({ description: 'who e-mail comes from; needed with `BERTH_SMTP_URL`', instead: 'none' }),
  BERTH_BILLING_GRACE_DAYS: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number of days, 0 to 999')
    .transform(Number)
    .default(14)
    .describe('days that access goes on once an invoice is overdue, for plans that say nothing else'),
  BERTH_BILLING_WEBHOOK_SECRET: z.string().refine(isWebhookSecret, webhookSecretFault).optional().meta({
    description:
      'lets a system of your own tell of payments and usage at `/api/webhooks/billing/standard`, signed with this as of Standard Webhooks; `whsec_` and base64',
    instead: 'nobody can',
  }),
  BERTH_STRIPE_SECRET_KEY: z
    .string()
    .regex(
      /^[sr]k_(test|live)_\w+$/,
      'must be a secret key of Stripe, like sk_live_… or a restricted rk_live_…',
    )
    .optional()
    .meta({
      description:
        'lets Stripe collect what organizations choose to pay for; with `BERTH_STRIPE_WEBHOOK_SECRET`',
      instead: 'operators record what was paid',
    }),
  BERTH_STRIPE_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_\w+$/, 'must be the signing secret of the webhook endpoint at Stripe, like whsec_…')
    .optional()
    .meta({
      description: 'what Stripe signs its events to `/api/webhooks/billing/stripe` with',
      instead: 'none',
    }),
  BERTH_STRIPE_API: z
    .url({ protocol: /^https?$/, error: 'must be a URL like https://api.stripe.com' })
    .refine(
      (url) => /^\/?$/.test(new URL(url).pathname) && !/[?#@]/.test(url),
      'must have nothing after the port',
    )
    .optional()
    .meta({ description: "where Stripe's API is, for a proxy", instead: "Stripe's own address" }),
  DATABASE_URL: postgresUrl
    .optional()
    .meta({ description: 'a PostgreSQL 16 or later of your own', instead: 'embedded PostgreSQL' }),
  DATABASE_DIRECT_URL: postgresUrl
    .optional()
    .meta({ description: 'the same without a pooler, for LISTEN', instead: '`DATABASE_URL`' }),
})

export interface Setting {
  name: string
  /** What holds when it is not set; a value stands between backticks. */
  default: string
  meaning: string
}

/** The settings as the README, the documentation and `--help` show them. */
export const settings: readonly Setting[] = Object.entries(environment.shape).map(([name, schema]) => {
  const { description = '', instead } = (schema.meta() ?? {}) as { description?: string; instead?: string }
  return { name, default: instead ?? `\`${String(schema.parse(undefined))}\``, meaning: description }
})

/** The settings as a table of Markdown. */
export function settingsTable(): string {
  const rows = settings.map((one) => `| \`${one.name}\` | ${one.default} | ${one.meaning} |`)
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n')
}

/** The settings as lines for a terminal. */
export function settingsHelp(): string {
  const width = Math.max(...settings.map(({ name }) => name.length))
  const plain = (text: string) => text.replaceAll('`', '')
  return settings
    .map((one) => `  ${one.name.padEnd(width)}  ${plain(one.meaning)} (default: ${plain(one.default)})`)
    .join('\n')
}

const senderMissing =
  '  BERTH_MAIL_FROM must say whom e-mail comes from, like berth@example.com, where BERTH_SMTP_URL is set'
const stripeHalf =
  '  BERTH_STRIPE_SECRET_KEY and BERTH_STRIPE_WEBHOOK_SECRET go together: set both, or neither'
const directAlone = '  DATABASE_DIRECT_URL is for LISTEN beside a pooled DATABASE_URL; set that too'

export interface Config {
  port: number
  host: string
  dataDir: string
  publicUrl: string | null
  trustProxy: boolean
  requestsPerMinute: number
  secretKey: string | null
  nextSecretKey: string | null
  backupPassphrase: string | null
  backupBeforeMigration: boolean
  logLevel: string
  /** How e-mail is sent; null: not at all. */
  mail: MailConfig | null
  billingGraceDays: number
  /** What events of the generic payment provider are signed with; null: it is not set up. */
  billingWebhookSecret: string | null
  /** How Stripe is reached; null: it does not collect. */
  stripe: StripeConfig | null
  databaseUrl: string | null
  databaseDirectUrl: string | null
}

export interface MailConfig {
  url: string
  from: string
}

export interface StripeConfig {
  secretKey: string
  /** What its events are signed with. */
  webhookSecret: string
  /** Where its API is; null: Stripe's own address. */
  api: string | null
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Reads the settings; every fault is named in one error. Empty variables count as absent. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  const faults = (parsed.error?.issues ?? []).map((issue) => `  ${issue.path.join('.')} ${issue.message}`)
  if (given['DATABASE_DIRECT_URL'] && !given['DATABASE_URL']) faults.push(directAlone)
  if (parsed.data?.BERTH_SMTP_URL && !parsed.data.BERTH_MAIL_FROM) faults.push(senderMissing)
  if (!given['BERTH_STRIPE_SECRET_KEY'] !== !given['BERTH_STRIPE_WEBHOOK_SECRET']) faults.push(stripeHalf)
  if (!parsed.success || faults.length > 0)
    throw new ConfigError(`These settings are not valid:\n${faults.join('\n')}`)
  const e = parsed.data
  return {
    port: e.BERTH_PORT,
    host: e.BERTH_HOST,
    dataDir: path.resolve(e.BERTH_DATA_DIR),
    publicUrl: e.BERTH_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    trustProxy: e.BERTH_TRUST_PROXY,
    requestsPerMinute: e.BERTH_REQUESTS_PER_MINUTE,
    secretKey: e.BERTH_SECRET_KEY ?? null,
    nextSecretKey: e.BERTH_SECRET_KEY_NEXT ?? null,
    backupPassphrase: e.BERTH_BACKUP_PASSPHRASE ?? null,
    backupBeforeMigration: e.BERTH_BACKUP_BEFORE_MIGRATION === 'on',
    logLevel: e.BERTH_LOG_LEVEL,
    mail: e.BERTH_SMTP_URL ? { url: e.BERTH_SMTP_URL, from: e.BERTH_MAIL_FROM! } : null,
    billingGraceDays: e.BERTH_BILLING_GRACE_DAYS,
    billingWebhookSecret: e.BERTH_BILLING_WEBHOOK_SECRET ?? null,
    stripe: e.BERTH_STRIPE_SECRET_KEY
      ? {
          secretKey: e.BERTH_STRIPE_SECRET_KEY,
          webhookSecret: e.BERTH_STRIPE_WEBHOOK_SECRET!,
          api: e.BERTH_STRIPE_API ?? null,
        }
      : null,
    databaseUrl: e.DATABASE_URL ?? null,
    databaseDirectUrl: e.DATABASE_DIRECT_URL ?? e.DATABASE_URL ?? null,
  }
}

/** Whether only this machine can reach the host the server listens on. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1'
}
