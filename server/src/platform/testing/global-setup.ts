import { openPlatformTemplate } from './databases.ts'
import { startTemporaryPostgres } from '../postgres/temporary.ts'

/** One PostgreSQL a test run, with a migrated template that every test file clones. */
export default async function setup(): Promise<() => Promise<void>> {
  const postgres = await startTemporaryPostgres()
  process.env['BERTH_TEST_POSTGRES'] = postgres.url
  await openPlatformTemplate(postgres.url)
  return () => postgres.stop()
}
