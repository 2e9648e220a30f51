/**
 * Transactions with fewer round trips: BEGIN goes out together with the first statement, and the last statement together
 * with COMMIT.
 */
import type { Duplex } from 'node:stream'
import {
  PostgresDialect,
  PostgresDriver,
  type AbortableOperationOptions,
  type CompiledQuery,
  type DatabaseConnection,
  type PostgresDialectConfig,
  type RawBuilder,
  type Transaction,
  type TransactionSettings,
} from 'kysely'

const last = new WeakSet<CompiledQuery>()

/**
 * The last statement of a transaction, which is sent with its COMMIT. Its answer is nobody's; if it fails, so does the
 * transaction.
 */
export async function executeWithCommit<DB>(
  trx: Transaction<DB>,
  statement: RawBuilder<unknown>,
): Promise<void> {
  const compiled = statement.compile(trx)
  last.add(compiled)
  await trx.executeQuery(compiled)
}

/**
 * Lets what is written in one turn, to statements that follow each other without an answer, go out as one: half of what a
 * statement costs its process is telling the other side of it.
 */
export function writeTogether(stream: Duplex): void {
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean
  let waits = false
  stream.write = (...given: unknown[]) => {
    if (!waits) {
      waits = true
      stream.cork()
      process.nextTick(() => {
        waits = false
        stream.uncork()
      })
    }
    return write(...given)
  }
}

interface State {
  begun: Promise<void>
  /** Sends what is to be said last. */
  sayLast: (() => Promise<unknown>) | null
}

/** Needs a pool whose clients pipeline: a statement is sent while the one before has no answer yet. */
export class PipeliningDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig

  constructor(config: PostgresDialectConfig) {
    super(config)
    this.#config = config
  }

  override createDriver(): PipeliningDriver {
    return new PipeliningDriver(this.#config)
  }
}

class PipeliningDriver extends PostgresDriver {
  readonly #states = new WeakMap<DatabaseConnection, State>()

  override async acquireConnection(options?: AbortableOperationOptions): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection(options)
    if (!this.#states.has(connection)) {
      const state: State = { begun: Promise.resolve(), sayLast: null }
      this.#states.set(connection, state)
      const execute = connection.executeQuery.bind(connection)
      connection.executeQuery = async <R>(query: CompiledQuery, how?: AbortableOperationOptions) => {
        if (!last.has(query)) return await execute<R>(query, how)
        state.sayLast = () => execute(query, how)
        return { rows: [] }
      }
    }
    return connection
  }

  override async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    const state = this.#states.get(connection)!
    state.sayLast = null
    state.begun = super.beginTransaction(connection, settings)
    // Who is first to say something in it hears of a lost connection, too.
    state.begun.catch(() => {})
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const { begun, sayLast } = this.#states.get(connection)!
    // Both are sent before either is answered. Where the first fails, COMMIT rolls back.
    const said = sayLast?.()
    const answers = await Promise.allSettled([begun, said, super.commitTransaction(connection)])
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
  }
}
