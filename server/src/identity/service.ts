import type { FastifyInstance } from 'fastify'
import type { Route } from '../platform/http/implement.ts'
import type { Platform } from '../platform/platform.ts'
import { createAside } from './account/aside.ts'
import type { AccountContext } from './account/context.ts'
import { accountRoutes } from './account/routes.ts'
import { createTries } from './account/tries.ts'
import { sweepUnconfirmed } from './account/unconfirmed.ts'
import { createAuthenticator, type IdentityAuthenticator } from './authenticator.ts'
import { sessionCookie, startAuth, type Auth } from './people/auth.ts'
import { registerAuth } from './people/auth-routes.ts'
import type { SignUpContext } from './people/sign-up.ts'
import { startTimekeeping } from './reactions.ts'
import { identityRoutes } from './routes.ts'
import { userRoutes } from './users/routes.ts'

export { createTries, guessing } from './account/tries.ts'
export { verifyEmail } from './account/email.ts'
export { totpSealed } from './account/second-factor.ts'
export { recoverOperator, type Recovery } from './people/recover.ts'
export { setupCode } from './people/setup-code.ts'
export { signedIn } from './signed-in.ts'
export { revokeTokensOfMember, revokeTokensOfOrganization } from './tokens/tokens.ts'

export interface IdentityOptions
  extends Pick<AccountContext, 'notifications' | 'memberships'>, Pick<SignUpContext, 'isInvited'> {
  /** Where people reach this installation; asked when the first request arrives. */
  publicUrl: () => string
  /** Origins whose pages may sign in. */
  origins: () => ReadonlySet<string>
  /** Whether sign-in and sign-up are limited by address. */
  rateLimited: boolean
}

/** What a process needs of people, sign-ins and tokens. */
export interface Identity extends Pick<IdentityAuthenticator, 'authenticate' | 'authenticateBearer'> {
  routes: Route[]
  /** Mounts /api/auth. */
  register(app: FastifyInstance): void
  start(): Promise<void>
  stop(): Promise<void>
}

export function createIdentity(platform: Platform, options: IdentityOptions): Identity {
  const { publicUrl, origins, rateLimited, isInvited } = options
  const tries = createTries(platform, rateLimited)
  const aside = createAside(platform.logger)
  const account = { ...options, platform, tries, aside }
  const authenticator = createAuthenticator(platform, () => sessionCookie(publicUrl()))
  let started: Promise<Auth> | null = null

  function auth(): Promise<Auth> {
    started ??= startAuth(platform, { publicUrl: publicUrl(), origins, rateLimited })
    started.catch(() => (started = null))
    return started
  }

  let timekeeping: { stop(): Promise<void> } | null = null
  return {
    authenticate: authenticator.authenticate,
    authenticateBearer: authenticator.authenticateBearer,
    routes: [...identityRoutes(platform), ...accountRoutes(account), ...userRoutes(account)],
    register: (app) => registerAuth(app, { account, auth, isInvited, origins }),
    start: async () => {
      timekeeping = startTimekeeping(platform, () => sweepUnconfirmed(account))
    },
    stop: async () => {
      await timekeeping?.stop()
      await aside.settled()
      await authenticator.close()
    },
  }
}
