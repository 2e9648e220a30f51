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

const environment = z.object({
  BERTH_PORT: z
    .string()
    .regex(/^\d{1,5}$/, portFault)
    .transform(Number)
    .refine((port) => port <= 65_535, portFault)
    .default(7070),
  BERTH_HOST: z.string().min(1).default('127.0.0.1'),
  BERTH_DATA_DIR: z.string().min(1).default('.berth'),
  BERTH_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL like https://berth.example.com' })
    .refine((url) => !/[?#@]/.test(url), 'must have no query, fragment or password')
    .optional(),
  BERTH_TRUST_PROXY: flag.default(false),
  BERTH_SECRET_KEY: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64; `openssl rand -base64 32` makes one')
    .optional(),
  BERTH_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_DIRECT_URL: postgresUrl.optional(),
})

const directAlone = '  DATABASE_DIRECT_URL is for LISTEN beside a pooled DATABASE_URL; set that too'

export interface Config {
  port: number
  host: string
  dataDir: string
  publicUrl: string | null
  trustProxy: boolean
  secretKey: string | null
  logLevel: string
  databaseUrl: string | null
  databaseDirectUrl: string | null
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
  if (!parsed.success || faults.length > 0)
    throw new ConfigError(`These settings are not valid:\n${faults.join('\n')}`)
  const e = parsed.data
  return {
    port: e.BERTH_PORT,
    host: e.BERTH_HOST,
    dataDir: path.resolve(e.BERTH_DATA_DIR),
    publicUrl: e.BERTH_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    trustProxy: e.BERTH_TRUST_PROXY,
    secretKey: e.BERTH_SECRET_KEY ?? null,
    logLevel: e.BERTH_LOG_LEVEL,
    databaseUrl: e.DATABASE_URL ?? null,
    databaseDirectUrl: e.DATABASE_DIRECT_URL ?? e.DATABASE_URL ?? null,
  }
}

/** Whether only this machine can reach the host the server listens on. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1'
}
