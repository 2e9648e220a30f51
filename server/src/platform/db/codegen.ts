/** Writes the types of the tables as the migrations make them: `node server/src/platform/db/codegen.ts`. */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { startTemporaryPostgres } from '../postgres/temporary.ts'
import { migrate } from './migrate.ts'

export const generatedFile = path.join(import.meta.dirname, 'schema.generated.ts')

/** Introspects a migrated database and writes its types to `outFile`. */
export function generateTypes(url: string, outFile: string): void {
  const bin = createRequire(import.meta.url).resolve('kysely-codegen/dist/cli/bin.js')
  const mapping = JSON.stringify({ int8: 'number', jsonb: 'unknown' })
  const args = [
    '--dialect',
    'postgres',
    '--camel-case',
    '--url',
    url,
    '--out-file',
    outFile,
    '--type-mapping',
    mapping,
  ]
  execFileSync(
    process.execPath,
    [bin, ...args, '--exclude-pattern', '(schema_migrations|calls_*|pgboss.*)'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
}

if (import.meta.main) {
  const postgres = await startTemporaryPostgres()
  try {
    await migrate(postgres.url)
    generateTypes(postgres.url, generatedFile)
  } finally {
    await postgres.stop()
  }
}
