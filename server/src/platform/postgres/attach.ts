import pg from 'pg'
import { urlOf } from './cluster.ts'
import { readRecord } from './location.ts'

/** The database of a Berth that runs on this data directory now; null when none does. */
export async function runningDatabase(dataDir: string): Promise<string | null> {
  const record = await readRecord(dataDir)
  if (!record) return null
  const url = urlOf('berth', record.passwords, record.port, 'berth')
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  try {
    await client.connect()
    return url
  } catch {
    return null
  } finally {
    await client.end().catch(() => {})
  }
}
