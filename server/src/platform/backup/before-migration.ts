import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Config } from '../config.ts'
import { keyCheckOf, loadMasterKey } from '../crypto.ts'
import { SchemaError, type MigrateOptions } from '../db/migrate.ts'
import type { Logger } from '../logger.ts'
import { writeBackup } from './backup.ts'
import { BackupError } from './manifest.ts'

/** Backups of this kind that are kept; older ones are removed. */
const kept = 3
const name = /^before-schema-\d{4}-[\dTZ-]+\.tar\.gz$/

/**
 * Backs the database up before a newer program changes it, since migrations only go forward. What cannot be backed up is
 * not migrated. Null: the operator has switched this off.
 */
export function backupBeforeMigration(
  { config, logger }: { config: Config; logger: Logger },
  url: string,
): MigrateOptions['before'] {
  if (!config.backupBeforeMigration) return undefined
  return async (from, to) => {
    const folder = path.join(config.dataDir, 'backups')
    const time = new Date().toISOString().replaceAll(/[:.]/g, '-')
    const file = path.join(folder, `before-schema-${String(to).padStart(4, '0')}-${time}.tar.gz`)
    logger.info({ file, from, to }, 'backing the database up before it is brought forward')
    try {
      await writeBackup({
        file,
        url,
        dataDir: config.dataDir,
        contents: 'database',
        key: null,
        keyCheck: keyCheckOf(loadMasterKey(config.secretKey, config.dataDir)),
      })
    } catch (error) {
      throw new SchemaError(
        `The database was not brought from schema ${from} to ${to}, since it could not be backed up before: ${(error as Error).message}` +
          (error instanceof BackupError
            ? ' Or make a backup of your own and set BERTH_BACKUP_BEFORE_MIGRATION=off.'
            : ''),
        { cause: error },
      )
    }
    await removeOld(folder)
  }
}

/** Their names sort by schema, then by time. */
async function removeOld(folder: string): Promise<void> {
  const ours = (await readdir(folder)).filter((one) => name.test(one)).sort()
  for (const old of ours.slice(0, -kept)) await rm(path.join(folder, old), { force: true })
}
