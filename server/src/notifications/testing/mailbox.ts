import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface Received {
  to: string
  from: string
  subject: string
  messageId: string
  text: string
  html: string
}

export interface Mailbox {
  /** The settings with which Berth sends here. */
  env: { BERTH_SMTP_URL: string; BERTH_MAIL_FROM: string }
  messages: Received[]
  /** What the server answers to a recipient; null: it takes the message. */
  refuse: (recipient: string) => { code: number; text: string } | null
  /** The newest message to somebody, once there is one. */
  latestTo(recipient: string): Received | null
  /** The secret of the newest link that somebody got, to a page if one is named. */
  tokenFor(recipient: string, page?: '/reset' | '/confirm-email'): string | null
  close(): Promise<void>
}

/** A real mail server on a free port that wants a password and keeps what it gets. */
export async function openMailbox(): Promise<Mailbox> {
  const messages: Received[] = []
  const server = new SMTPServer({
    authMethods: ['PLAIN', 'LOGIN'],
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'berth' && password === 'pass/word') done(null, { user: username })
      else done(new Error('wrong user or password'))
    },
    onRcptTo: ({ address }, _session, done) => {
      const refusal = box.refuse(address)
      done(refusal && Object.assign(new Error(refusal.text), { responseCode: refusal.code }))
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address).join(', ')
        messages.push({ to, ...parsed(Buffer.concat(chunks).toString()) })
        done()
      })
    },
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  const box: Mailbox = {
    env: {
      BERTH_SMTP_URL: `smtp://berth:pass%2Fword@127.0.0.1:${port}`,
      BERTH_MAIL_FROM: 'Berth <berth@example.com>',
    },
    messages,
    refuse: () => null,
    latestTo: (recipient) => messages.findLast(({ to }) => to === recipient) ?? null,
    tokenFor: (recipient, page) => {
      const link = new RegExp(`${page ?? ''}#token=([\\w-]+)`)
      const message = messages.findLast(({ to, text }) => to === recipient && link.test(text))
      return link.exec(message?.text ?? '')?.[1] ?? null
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return box
}

function parsed(source: string): Omit<Received, 'to'> {
  const [head = '', ...rest] = source.split('\r\n\r\n')
  const header = (name: string) =>
    new RegExp(`^${name}: (.*(?:\\r\\n[ \\t].*)*)`, 'im').exec(head)?.[1]?.replaceAll(/\r\n[ \t]/g, ' ') ?? ''
  const boundary = /boundary="([^"]+)"/.exec(head)?.[1] ?? ''
  const parts = rest.join('\r\n\r\n').split(`--${boundary}`)
  const part = (type: string) => bodyOf(parts.find((one) => one.includes(`Content-Type: ${type}`)) ?? '')
  return {
    from: header('From'),
    subject: header('Subject'),
    messageId: header('Message-ID'),
    text: part('text/plain'),
    html: part('text/html'),
  }
}

function bodyOf(part: string): string {
  const [head = '', ...rest] = part.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  if (!/quoted-printable/i.test(head)) return body
  return body
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
