import { request } from 'node:http'

export interface ReceivedEvent {
  event: string
  id: string | undefined
  data: unknown
}

export interface SseReader {
  /** Resolves when the connection is over, whoever ended it. */
  readonly done: Promise<void>
  drop(): void
}

/** Reads server-sent events as they come. `read` false leaves them in the socket until `resume`. */
export function readSse(
  url: string,
  options: { headers?: Record<string, string>; lastEventId?: string | undefined },
  onEvent: (event: ReceivedEvent) => void,
): SseReader & { pause(): void; resume(): void } {
  const headers = {
    accept: 'text/event-stream',
    ...options.headers,
    ...(options.lastEventId ? { 'last-event-id': options.lastEventId } : {}),
  }
  let pause = () => {}
  let resume = () => {}
  const sent = request(url, { headers, agent: false })
  const done = new Promise<void>((resolve) => {
    sent.on('error', () => resolve())
    sent.on('close', () => resolve())
    sent.on('response', (response) => {
      pause = () => void response.pause()
      resume = () => void response.resume()
      let rest = ''
      response.setEncoding('utf8')
      response.on('error', () => {})
      response.on('data', (text: string) => {
        const frames = (rest + text).split('\n\n')
        rest = frames.pop()!
        for (const frame of frames) tell(frame, onEvent)
      })
    })
  })
  sent.end()
  return { done, drop: () => sent.destroy(), pause: () => pause(), resume: () => resume() }
}

function tell(frame: string, onEvent: (event: ReceivedEvent) => void): void {
  const fields = new Map(
    frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  const event = fields.get('event')
  if (event) onEvent({ event, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') })
}
