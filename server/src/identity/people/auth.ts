import { randomUUID } from 'node:crypto'
import { APIError } from 'better-auth/api'
import { betterAuth, type BetterAuthOptions } from 'better-auth'
import { getAdapter } from 'better-auth/db/adapter'
import { bearer } from 'better-auth/plugins/bearer'
import { deviceAuthorization } from 'better-auth/plugins/device-authorization'
import type { IdKind } from '@berth/contracts'
import { newId } from '../../platform/ids.ts'
import type { Platform } from '../../platform/platform.ts'
import { guessing } from '../account/tries.ts'
import { hashSecrets } from './hashing.ts'

export const deviceClientId = 'mcpctl'
export const authPath = '/api/auth'
/** Where `auth-routes` puts the caller's address, as the server knows it. */
export const addressHeader = 'x-berth-client-address'

/** Where `auth-routes` says whose second factor was shown with this request. */
export const secondFactorHeader = 'x-berth-second-factor'

const day = 24 * 3600
const tries = { window: guessing.seconds, max: guessing.max }

export interface AuthOptions {
  publicUrl: string
  origins: () => ReadonlySet<string>
  rateLimited: boolean
}

/** How better-auth works here: on our database, with our ids, for people only. */
export function authOptions(platform: Platform, options: AuthOptions) {
  const { logger, keys } = platform
  return {
    appName: 'Berth',
    baseURL: options.publicUrl,
    basePath: authPath,
    secret: keys.derive('sign-in').toString('base64'),
    trustedOrigins: () => [...options.origins()],
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      disableColors: true,
      log: (level, message) =>
        logger[level === 'debug' || level === 'info' ? 'debug' : level]({ part: 'sign-in' }, message),
    },
    advanced: {
      cookiePrefix: 'berth',
      useSecureCookies: isSecure(options.publicUrl),
      defaultCookieAttributes: { sameSite: 'lax', httpOnly: true },
      database: { generateId: ({ model }) => idFor(model) },
      ipAddress: { ipAddressHeaders: [addressHeader] },
    },
    user: { modelName: 'users' },
    session: { modelName: 'sessions', expiresIn: 30 * day, updateAge: day },
    account: { modelName: 'accounts' },
    verification: { modelName: 'verifications', storeIdentifier: 'hashed' },
    rateLimit: {
      enabled: options.rateLimited,
      storage: 'database',
      modelName: 'authRateLimits',
      window: 60,
      max: 300,
      customRules: {
        // Counted before it comes here, and apart from sign-ups, each of which signs in.
        '/sign-in/email': false,
        '/device/code': tries,
        '/device': tries,
        '/device/token': false,
        '/get-session': false,
        '/sign-out': false,
      },
    },
    emailAndPassword: {
      enabled: true,
      // Accounts are made by `sign-up.ts`.
      disableSignUp: true,
    },
    databaseHooks: {
      session: {
        create: {
          before: async (session, context) => {
            const isSignIn = context?.path === '/sign-in/email'
            const shown = isSignIn ? context.headers?.get(secondFactorHeader) : session.userId
            await refuseSignIn(platform, session.userId, shown === session.userId)
          },
        },
      },
    },
    plugins: [
      bearer(),
      deviceAuthorization({
        verificationUri: `${options.publicUrl}/device`,
        validateClient: (clientId) => clientId === deviceClientId,
        schema: { deviceCode: { modelName: 'deviceCodes' } },
      }),
    ],
  } satisfies BetterAuthOptions
}

export const isSecure = (publicUrl: string): boolean => publicUrl.startsWith('https:')

/** The name of the cookie that carries a session's token. */
export const sessionCookie = (publicUrl: string): string =>
  `${isSecure(publicUrl) ? '__Secure-' : ''}berth.session_token`

const idKinds: Record<string, IdKind> = { user: 'user', session: 'session' }

const idFor = (model: string): string => (idKinds[model] ? newId(idKinds[model]) : randomUUID())

/** Whatever led here: no session for an account that is not active, or past its second factor. */
async function refuseSignIn(platform: Platform, userId: string, factorShown: boolean): Promise<void> {
  const user = await platform.db
    .selectFrom('users as u')
    .leftJoin('secondFactors as f', 'f.userId', 'u.id')
    .select(['u.state', 'f.confirmedAt'])
    .where('u.id', '=', userId)
    .executeTakeFirst()
  if (!user) return
  if (user.state !== 'active') {
    throw new APIError('FORBIDDEN', {
      message: 'This account is disabled. Ask an operator to enable it again.',
      code: 'ACCOUNT_DISABLED',
    })
  }
  if (user.confirmedAt && !factorShown) {
    throw new APIError('UNAUTHORIZED', {
      message: 'The second factor is missing.',
      code: 'SECOND_FACTOR_MISSING',
    })
  }
}

/** Starts better-auth. */
export async function startAuth(platform: Platform, given: AuthOptions) {
  const options = authOptions(platform, given)
  const database = { db: platform.db as never, type: 'postgres' as const, transaction: true }
  const adapter = hashSecrets(await getAdapter({ ...options, database }))
  return betterAuth({ ...options, database: () => adapter })
}

export type Auth = Awaited<ReturnType<typeof startAuth>>
