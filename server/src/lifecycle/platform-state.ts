import { sql } from 'kysely'
import { platformEndpoints } from '@berth/contracts'
import { implement, type Route } from '../platform/http/implement.ts'
import type { Platform } from '../platform/platform.ts'
import { version } from '../platform/version.ts'

interface RunnerRow {
  id: string
  address: string
  roles: string[]
  aliveUntil: Date
  capabilities: { name: string; ok: boolean; sentence: string }[]
}

/** The installation as operators see it. */
export function platformRoutes(platform: Platform, publicUrl: () => string): Route[] {
  const startedAt = platform.clock.now().toISOString()
  return implement(platformEndpoints, {
    state: async (context) => {
      const { rows } = await sql<RunnerRow>`
        select id, address, roles, alive_until, capabilities from runners
        where alive_until > now() order by started_at`.execute(context.db)
      return {
        version,
        schemaVersion: platform.schemaVersion,
        startedAt,
        publicUrl: publicUrl(),
        runners: rows.map((row) => ({ ...row, aliveUntil: row.aliveUntil.toISOString() })),
      }
    },
  })
}
