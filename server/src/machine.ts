/** Commands for whoever may run programs on Berth's machine: they need no sign-in, and work while Berth is down. */
import path from 'node:path'
import { platformOrganizationId, type EventPayload, type EventType } from '@berth/contracts'
import { jobNames, sealedColumns } from './app.ts'
import { recoverOperator } from './identity/service.ts'
import { backupBeforeMigration } from './platform/backup/before-migration.ts'
import { writeBackup } from './platform/backup/backup.ts'
import { BackupError } from './platform/backup/manifest.ts'
import { restoreBackup } from './platform/backup/restore.ts'
import { systemClock } from './platform/clock.ts'
import type { Config } from './platform/config.ts'
import { keyCheckOf, loadMasterKey, masterKey, storedKey } from './platform/crypto.ts'
import { openDatabase } from './platform/db/database.ts'
import { migrate } from './platform/db/migrate.ts'
import { startJobs, type JobName } from './platform/jobs.ts'
import type { Logger } from './platform/logger.ts'
import { mutate } from './platform/mutate.ts'
import { openPlatform, systemActor, type Platform } from './platform/platform.ts'
import { runningDatabase } from './platform/postgres/attach.ts'
import { readRecord } from './platform/postgres/location.ts'
import { startPostgres } from './platform/postgres/embedded.ts'
import { giveUpSealed, KeyError, rotateSecretKey as rotate } from './platform/secret-key.ts'
import { detectCapabilities, toldCapabilities } from './runtime/service.ts'

export interface MachineCommand {
  config: Config
  logger: Logger
  /** What stood behind the command's name. */
  args: string[]
  values: { email?: string | undefined; 'without-key'?: boolean | undefined; yes?: boolean | undefined }
}

const say = (text: string) => process.stdout.write(`${text}\n`)

/** What hosted servers are held to on this machine, found by trying it: JSON, which `mcpctl doctor` reads. */
export async function examine(): Promise<void> {
  say(JSON.stringify(toldCapabilities(await detectCapabilities())))
}

/** The database of the settings, or the embedded one in the data directory. */
export async function openDatabaseServer(config: Config, logger: Logger) {
  if (config.databaseUrl) {
    return { url: config.databaseUrl, directUrl: config.databaseDirectUrl!, stop: async () => {} }
  }
  const log = { info: (text: string) => logger.info(text), warn: (text: string) => logger.warn(text) }
  return await startPostgres({ dataDir: config.dataDir, log })
}

/** The same, whether Berth runs at the moment or not. */
async function reachDatabase(config: Config, logger: Logger) {
  const running = config.databaseUrl ? null : await runningDatabase(config.dataDir)
  if (running) return { url: running, directUrl: running, stop: async () => {} }
  return await openDatabaseServer(config, logger)
}

export async function migrateDatabase({ config, logger }: MachineCommand): Promise<void> {
  const database = await openDatabaseServer(config, logger)
  try {
    const before = backupBeforeMigration({ config, logger }, database.directUrl)
    say(`The database is at schema ${await migrate(database.directUrl, before ? { before } : {})}.`)
  } finally {
    await database.stop()
  }
}

/** A way in for a locked-out operator. */
export async function recover({ config, logger, values: { email } }: MachineCommand): Promise<void> {
  await withPlatform(config, logger, async (platform) => {
    const recovery = await recoverOperator(platform, email ? { email } : {})
    say(
      `${recovery.email} is an operator and can sign in with this password, shown once:\n\n  ${recovery.password}\n\nIts sign-ins were ended. Change the password after signing in.`,
    )
  })
}

async function withPlatform(
  config: Config,
  logger: Logger,
  work: (platform: Platform) => Promise<void>,
): Promise<void> {
  const database = await reachDatabase(config, logger)
  try {
    const platform = await openPlatform({
      config,
      logger,
      jobNames,
      sealedColumns,
      databaseUrl: database.url,
      directUrl: database.directUrl,
    })
    try {
      await work(platform)
    } finally {
      await platform.close()
    }
  } finally {
    await database.stop()
  }
}

/** Writes what was done here into the operators' log. */
async function note<T extends EventType>(
  url: string,
  logger: Logger,
  type: T,
  payload: EventPayload<T>,
): Promise<void> {
  const { db } = openDatabase({ url, logger, max: 1 })
  const jobs = await startJobs({ url, logger, clock: systemClock, names: [] })
  const origin = { actor: systemActor('machine'), requestId: null }
  try {
    await mutate({ db, clock: systemClock, jobs, hint: () => {} }, origin, async (tx) =>
      tx.emit(platformOrganizationId, type, payload),
    )
  } finally {
    await jobs.stop()
    await db.destroy()
  }
}

export async function backup({ config, logger, args }: MachineCommand): Promise<void> {
  if (!config.databaseUrl && !(await readRecord(config.dataDir)))
    throw new BackupError(
      `There is no Berth in ${config.dataDir}. Name its data directory with BERTH_DATA_DIR, or its database with DATABASE_URL.`,
    )
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  const file = path.resolve(args[0] ?? `berth-backup-${time}.tar.gz`)
  const key = config.secretKey ?? storedKey(config.dataDir)
  const passphrase = config.backupPassphrase
  const database = await reachDatabase(config, logger)
  try {
    const made = await writeBackup({
      file,
      url: database.directUrl,
      dataDir: config.dataDir,
      contents: 'everything',
      keyCheck: key ? keyCheckOf(masterKey(key)) : null,
      key: key && passphrase ? { base64: key, passphrase } : null,
    })
    say(`Backed up ${made.rows} rows and ${made.files} files, of schema ${made.manifest.schema}, to ${file}`)
    if (!key) return
    const place = config.secretKey ? 'BERTH_SECRET_KEY' : path.join(config.dataDir, 'secret.key')
    say(
      passphrase
        ? 'The secret key is in it, sealed with BERTH_BACKUP_PASSPHRASE: the backup is as safe as that.'
        : `The secret key is not in it. Keep ${place} somewhere else, or the secrets in this backup cannot be read; or set BERTH_BACKUP_PASSPHRASE to have it taken in, sealed.`,
    )
  } finally {
    await database.stop()
  }
}

export async function restore({ config, logger, args, values }: MachineCommand): Promise<void> {
  const file = args[0]!
  if (!config.databaseUrl && (await runningDatabase(config.dataDir)))
    throw new BackupError(
      `Berth runs on ${config.dataDir}. A backup is restored into an empty data directory: name one with BERTH_DATA_DIR.`,
    )
  const database = await openDatabaseServer(config, logger)
  try {
    const restored = await restoreBackup({
      file: path.resolve(file),
      url: database.directUrl,
      dataDir: config.dataDir,
      secretKey: config.secretKey,
      passphrase: config.backupPassphrase,
      withoutKey: values['without-key'] ?? false,
      enqueue: async (waiting) => {
        const names = [...new Set(waiting.map(({ name }) => name as JobName))]
        const jobs = await startJobs({ url: database.directUrl, logger, clock: systemClock, names })
        for (const { name, data, singletonKey, startAfter } of waiting) {
          const wait = Math.max(0, Math.ceil((Date.parse(startAfter ?? '') - Date.now()) / 1000) || 0)
          await jobs.enqueue(null, name as JobName, data as never, {
            ...(singletonKey ? { singletonKey } : {}),
            startAfterSeconds: wait,
          })
        }
        await jobs.stop()
      },
    })
    const { manifest, rows, files, events, schema } = restored
    const { takenAt, berth } = manifest
    await note(database.directUrl, logger, 'installation.restored', {
      takenAt,
      berth,
      schema: manifest.schema,
    })
    say(
      `Restored ${rows} rows and ${files} files of ${takenAt} (Berth ${berth}); ${events} events of the log verify. The database is at schema ${schema}.`,
    )
  } finally {
    await database.stop()
  }
}

export async function rotateSecretKey({ config, logger }: MachineCommand): Promise<void> {
  const database = await openDatabaseServer(config, logger)
  try {
    await migrate(database.directUrl)
    const { resealed, unreadable, retired } = await rotate(database.directUrl, config, sealedColumns)
    const left = [...unreadable.values()].reduce((sum, count) => sum + count, 0)
    await note(database.directUrl, logger, 'secret_key.rotated', { resealed, unreadable: left })
    say(`Every secret is sealed with the new key; ${resealed} values were sealed anew.`)
    for (const [what, count] of unreadable)
      say(`${count} of ${what} could not be opened and were left as they are.`)
    say(
      retired
        ? `The old key is kept in ${retired}: remove it once no backup from before is needed.`
        : 'Set BERTH_SECRET_KEY to the new key now, and remove BERTH_SECRET_KEY_NEXT.',
    )
    say('People sign in again: what they were signed in with was signed with the old key.')
  } finally {
    await database.stop()
  }
}

export async function lostSecretKey({ config, logger, values }: MachineCommand): Promise<void> {
  if (!values.yes) {
    const lost = sealedColumns.map(({ what }) => what).join(', ')
    throw new KeyError(
      `Without the key that sealed them these are lost: ${lost}. Everything else stays as it is. If the key cannot be found any more, give them up with --yes: node server/src/main.ts lost-secret-key --yes`,
    )
  }
  const database = await openDatabaseServer(config, logger)
  try {
    await migrate(database.directUrl)
    const keys = loadMasterKey(config.secretKey, config.dataDir)
    const lost = await giveUpSealed(database.directUrl, keys, sealedColumns)
    const secrets = lost.get('the secrets of organizations') ?? 0
    await note(database.directUrl, logger, 'secret_key.lost', { secrets })
    for (const [what, count] of lost) say(`Given up: ${count} of ${what}.`)
    say('Berth starts again. Each workspace shows which of its secrets have to be set anew.')
  } finally {
    await database.stop()
  }
}
