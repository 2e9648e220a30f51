/** The server's platform in the benchmark's own process, on the database of a running installation. */
import { readConfig } from '@berth/server/platform/config.ts'
import { createLogger } from '@berth/server/platform/logger.ts'
import { openPlatform, systemActor, type Platform } from '@berth/server/platform/platform.ts'
import type { Origin } from '@berth/server/platform/mutate.ts'
import { changeWorkspace } from '@berth/server/workspaces/service.ts'
import { wallClock, type Commit } from './readers.ts'

export const origin: Origin = { actor: systemActor('bench'), requestId: null }

export async function openBeside(dataDir: string, databaseUrl: string): Promise<Platform> {
  return await openPlatform({
    config: readConfig({ BERTH_DATA_DIR: dataDir }),
    databaseUrl,
    directUrl: databaseUrl,
    jobNames: [],
    logger: createLogger('warn'),
  })
}

/** Renames a workspace; where its event stands in the log, and when the commit was known here. */
export async function rename(
  platform: Platform,
  organizationId: string,
  workspaceId: string,
  name: string,
): Promise<Commit> {
  await platform.mutate(origin, (tx) => changeWorkspace(tx, organizationId, workspaceId, { name }))
  const at = wallClock()
  const { seq } = await platform.db
    .selectFrom('events')
    .select('seq')
    .where('organizationId', '=', organizationId)
    .where('type', '=', 'workspace.updated')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()
  return [seq, at]
}
