import { createTransport, type Transporter } from 'nodemailer'
import { isLoopback, type MailConfig } from '../platform/config.ts'
import type { Rendered } from './render.ts'

export interface Message extends Rendered {
  id: string
  recipient: string
  subject: string
}

export interface MailServer {
  /** Resolves when the mail server took it; see `isFinal` for what is thrown. */
  send(message: Message): Promise<void>
  close(): void
}

const second = 1000

/** Speaks with the mail server of the settings, over connections that are kept for a while. */
export function openMailServer({ url, from }: MailConfig): MailServer {
  const transport: Transporter = createTransport(
    {
      ...serverOf(url),
      pool: true,
      maxConnections: 2,
      connectionTimeout: 20 * second,
      greetingTimeout: 20 * second,
      socketTimeout: 60 * second,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  )
  return {
    send: async ({ id, recipient, subject, text, html }) => {
      // The same id at every attempt: a server that took it twice can tell.
      const messageId = `<${id}@${domainOf(from)}>`
      await transport.sendMail({ to: { name: '', address: recipient }, subject, text, html, messageId })
    },
    close: () => transport.close(),
  }
}

function serverOf(given: string) {
  const { protocol, hostname, port, username, password } = new URL(given)
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'smtps:'
  return {
    host,
    secure,
    port: Number(port) || (secure ? 465 : 587),
    // A password never crosses a network in the clear.
    requireTLS: !secure && username !== '' && !isLoopback(host),
    ...(username && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  }
}

const domainOf = (from: string) => /@([^<>@\s]+)>?$/.exec(from)?.[1] ?? 'berth'

/** Whether trying again is of no use: the mail server refused the message or the recipient for good. */
export function isFinal(error: unknown): boolean {
  const { responseCode, code } = error as { responseCode?: number; code?: string }
  return code !== 'EAUTH' && responseCode !== undefined && responseCode >= 500
}
