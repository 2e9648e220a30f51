import { CamelCasePlugin, Kysely, type Transaction } from 'kysely'
import pg from 'pg'
import type { Logger } from '../logger.ts'
import { PipeliningDialect, writeTogether } from './driver.ts'
import type { DB } from './schema.generated.ts'

export type Database = Kysely<DB>
/** A connection or a transaction: what functions that only read take. */
export type Queryable = Kysely<DB> | Transaction<DB>

// int8 as number: sequence numbers and counts stay far below 2^53. Money columns are cast to text where they are read.
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === 20 ? Number : pg.types.getTypeParser(oid, format),
}

export interface DatabaseOptions {
  url: string
  logger: Logger
  /** Most connections held at once. */
  max?: number
}

/** Opens the pool. A lost connection is logged and replaced; it never ends the process. */
export function openDatabase({ url, logger, max = 20 }: DatabaseOptions): { db: Database; pool: pg.Pool } {
  const pool = new pg.Pool({ connectionString: url, max, types, application_name: 'berth', pipeline: true })
  pool.on('error', (error) => logger.warn({ err: error.message }, 'a database connection was lost'))
  pool.on('connect', (client) => {
    // The pool hears only of those that nobody holds; who holds one is told by the statement that fails.
    client.on('error', () => {})
    writeTogether(client.connection.stream)
  })
  const db = new Kysely<DB>({
    dialect: new PipeliningDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  })
  return { db, pool }
}
