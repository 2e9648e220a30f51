import type { getAdapter } from 'better-auth/db/adapter'
import { sha256 } from '../../platform/crypto.ts'

export type Adapter = Awaited<ReturnType<typeof getAdapter>>
type Where = { field: string; value: unknown; operator?: string }
type Query = { model: string; where?: Where[]; data?: Row; update?: Row }
type Row = Record<string, unknown>

/** Columns that hold something which signs its bearer in: only a hash of it is stored. */
const secretFields: Record<string, string> = { session: 'token', deviceCode: 'deviceCode' }

/** What is stored in place of a session's token or a device's code. */
export const hashOf = (secret: string): string => sha256(secret).toString('base64url')

/**
 * Lets better-auth work with plain tokens while the database holds their hashes: what it writes and looks for is
 * hashed on the way in, and a row found by a token carries that token on the way out. Rows found otherwise carry
 * the hash, which signs nobody in.
 */
export function hashSecrets(inner: Adapter): Adapter {
  return { ...wrap(inner), transaction: (work) => inner.transaction((trx) => work(wrap(trx as Adapter))) }
}

function wrap(inner: Adapter): Adapter {
  const methods = inner as unknown as Record<string, unknown>
  const wrapped = Object.entries(methods).map(([name, value]) =>
    typeof value === 'function' && operations.has(name)
      ? [name, hashed(value.bind(inner) as Operation)]
      : [name, value],
  )
  return Object.fromEntries(wrapped) as Adapter
}

const operations = new Set([
  'create',
  'findOne',
  'findMany',
  'count',
  'update',
  'updateMany',
  'delete',
  'deleteMany',
  'consumeOne',
  'incrementOne',
])

type Operation = (query: Query) => Promise<unknown>

function hashed(operation: Operation): Operation {
  return async (query) => {
    const field = secretFields[query.model]
    if (!field) return operation(query)
    const plain = new Map<string, string>()
    const hide = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(hide)
      if (typeof value !== 'string') return value
      const hash = hashOf(value)
      plain.set(hash, value)
      return hash
    }
    const hideIn = (row: Row) => (field in row ? { ...row, [field]: hide(row[field]) } : row)
    const answer = await operation({
      ...query,
      ...(query.where && {
        where: query.where.map((one) => (one.field === field ? { ...one, value: hide(one.value) } : one)),
      }),
      ...(query.data && { data: hideIn(query.data) }),
      ...(query.update && { update: hideIn(query.update) }),
    })
    const show = (row: unknown) => {
      const hash = (row as Row | null)?.[field]
      return typeof hash === 'string' && plain.has(hash) ? { ...(row as Row), [field]: plain.get(hash) } : row
    }
    return Array.isArray(answer) ? answer.map(show) : show(answer)
  }
}
