type Headers = Record<string, string | string[] | undefined>

export interface Credential {
  via: 'cookie' | 'bearer'
  kind: 'session' | 'token'
  secret: string
}

export const tokenPrefixes = { api: 'berth_pat_', service: 'berth_svc_' } as const

/** What a caller shows: the bearer token, else the sign-in cookie. A cookie never stands in for a bad token. */
export function credentialIn(headers: Headers, cookieName: string): Credential | null {
  const bearer = /^bearer +(\S+) *$/i.exec(one(headers['authorization']))?.[1]
  if (bearer) return credentialOf(bearer)
  if (/^bearer\b/i.test(one(headers['authorization']))) return null
  const cookie = cookieNamed(cookieName, one(headers['cookie']))
  return cookie ? { via: 'cookie', kind: 'session', secret: unsigned(cookie) } : null
}

/** What a bearer token is: an API or service token by its prefix, else a sign-in. */
export function credentialOf(bearer: string): Credential {
  const isToken = Object.values(tokenPrefixes).some((prefix) => bearer.startsWith(prefix))
  return isToken
    ? { via: 'bearer', kind: 'token', secret: bearer }
    : { via: 'bearer', kind: 'session', secret: unsigned(bearer) }
}

/** A session's token travels with or without better-auth's signature; the token alone is the secret. */
const unsigned = (value: string): string => value.split('.', 1)[0]!

const one = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? (value[0] ?? '') : (value ?? '')

function cookieNamed(name: string, header: string): string | null {
  for (const pair of header.split(';')) {
    const [key, ...value] = pair.split('=')
    if (key!.trim() === name) return value.join('=').trim()
  }
  return null
}
