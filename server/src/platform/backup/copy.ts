/** PostgreSQL's COPY on a `pg` connection, which knows the messages but brings no streams. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type pg from 'pg'

/** What `pg` calls on a query of our own, and what such a query calls on the connection. */
interface CopyConnection {
  stream: Writable & { pause(): void; resume(): void }
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

const partBytes = 1024 * 1024

/** What `copy … to stdout` says, in parts of about a megabyte that end with a row. */
export async function* copyOut(client: pg.Client, statement: string): AsyncGenerator<Buffer> {
  let connection: CopyConnection
  let rows: Buffer[] = []
  let size = 0
  let done = false
  let failure: Error | null = null
  let turn = Promise.withResolvers<void>()
  const query = {
    submit: (given: CopyConnection) => {
      connection = given
      connection.query(statement)
    },
    handleCopyData: ({ chunk }: { chunk: Buffer }) => {
      rows.push(Buffer.from(chunk)) // the parser uses its buffer again
      size += chunk.length
      if (size < partBytes) return
      connection.stream.pause()
      turn.resolve()
    },
    handleCommandComplete: () => {},
    handleError: (error: Error) => {
      failure = error
      turn.resolve()
    },
    handleReadyForQuery: () => {
      done = true
      turn.resolve()
    },
  }
  client.query(query as unknown as pg.Submittable)
  for (;;) {
    await turn.promise
    if (failure) throw failure as Error
    turn = Promise.withResolvers()
    const part = Buffer.concat(rows)
    rows = []
    size = 0
    if (part.length > 0) yield part
    if (done) return
    connection!.stream.resume()
  }
}

/** Feeds `copy … from stdin`. */
export interface CopyIn {
  write(part: Buffer): Promise<void>
  /** Resolves when the rows are in the table. */
  end(): Promise<void>
}

export async function copyIn(client: pg.Client, statement: string): Promise<CopyIn> {
  let connection: CopyConnection
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {})
  let failure: Error | null = null
  const query = {
    submit: (given: CopyConnection) => {
      connection = given
      connection.query(statement)
    },
    handleCopyInResponse: () => ready.resolve(),
    handleCommandComplete: () => {},
    handleError: (error: Error) => {
      failure = error
      ready.reject(error)
      ended.reject(error)
    },
    handleReadyForQuery: () => ended.resolve(),
  }
  client.query(query as unknown as pg.Submittable)
  await ready.promise
  return {
    write: async (part) => {
      for (let at = 0; at < part.length; at += 65_536) {
        if (failure) throw failure
        connection.sendCopyFromChunk(part.subarray(at, at + 65_536))
        if (connection.stream.writableNeedDrain)
          await Promise.race([once(connection.stream, 'drain'), ended.promise])
      }
    },
    end: async () => {
      connection.endCopyFrom()
      await ended.promise
    },
  }
}
