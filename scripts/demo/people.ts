/** Signing up and acting as somebody, through the public API. */
import { createClient, type Client } from '@berth/contracts'
import { DemoFault } from './berth.ts'

/** Known to all who read this: the demo listens on this machine only. */
export const password = 'open-the-harbour'

export interface Person {
  name: string
  email: string
  /** What they are in the world of the demo, in words. */
  part: string
  client: Client
}

/** Creates an account and signs in. The first one becomes operator. */
export async function signUp(url: string, name: string, part: string): Promise<Person> {
  const email = `${name.split(' ')[0]!.toLowerCase()}@example.com`
  const response = await fetch(`${url}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ name, email, password }),
  })
  if (!response.ok) throw new DemoFault(`${email} cannot be signed up: ${await response.text()}`)
  const { token } = (await response.json()) as { token: string }
  const authorization = `Bearer ${response.headers.get('set-auth-token') ?? token}`
  return { name, email, part, client: createClient({ baseUrl: url, headers: () => ({ authorization }) }) }
}
