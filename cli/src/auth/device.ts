import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { escapeText } from '../core/text.ts'
import { pause } from '../core/time.ts'
import { authRequest, tryAuthRequest } from './people.ts'

const clientId = 'mcpctl'
const grantType = 'urn:ietf:params:oauth:grant-type:device_code'

/**
 * Device login (RFC 8628): shows an address and a code, opens nothing, and waits until somebody who is signed in
 * there approves. The answer is the session's token.
 */
export async function signInByDevice(context: Context): Promise<string> {
  const given = await authRequest(context, '/api/auth/device/code', { client_id: clientId })
  const code = String(given['user_code'])
  const { out } = context
  out.say(`Open ${escapeText(String(given['verification_uri_complete'] ?? given['verification_uri']))}`)
  out.say(`and confirm the code ${escapeText(code)}`)
  out.say('Waiting for the confirmation…')
  return waitForApproval(context, {
    deviceCode: String(given['device_code']),
    everyMs: Number(given['interval'] ?? 5) * 1000,
    until: Date.now() + Number(given['expires_in'] ?? 600) * 1000,
  })
}

async function waitForApproval(
  context: Context,
  device: { deviceCode: string; everyMs: number; until: number },
): Promise<string> {
  let everyMs = device.everyMs
  while (Date.now() < device.until) {
    await pause(everyMs)
    const answer = await tryAuthRequest(context, '/api/auth/device/token', {
      grant_type: grantType,
      device_code: device.deviceCode,
      client_id: clientId,
    })
    if ('body' in answer) return String(answer.body['access_token'])
    const { code, message } = answer.refusal
    if (code === 'slow_down') everyMs += 5000
    else if (code === 'access_denied') throw new RefusedError('The sign-in was denied.')
    else if (code === 'expired_token') break
    else if (code !== 'authorization_pending') throw new RefusedError(`The sign-in failed: ${message}`)
  }
  throw new RefusedError('The code was not confirmed in time.', 'mcpctl login')
}
