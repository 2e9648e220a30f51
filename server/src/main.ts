/** `node server/src/main.ts start | api | gateway | runner | worker | migrate | recover`. */
import { allRoles, startBerth, type Berth, type Role } from './app.ts'
import { ConfigError, readConfig, type Config } from './platform/config.ts'
import { migrate, SchemaError } from './platform/db/migrate.ts'
import { createLogger, type Logger } from './platform/logger.ts'
import { startPostgres } from './platform/postgres/embedded.ts'

const commands: Record<string, (config: Config, logger: Logger) => Promise<void>> = {
  start: (config, logger) => serve(config, logger, allRoles),
  api: (config, logger) => serve(config, logger, ['api']),
  gateway: (config, logger) => serve(config, logger, ['gateway']),
  runner: (config, logger) => serve(config, logger, ['runner']),
  worker: (config, logger) => serve(config, logger, ['worker']),
  migrate: async (config, logger) => {
    const database = await openDatabaseServer(config, logger)
    const schema = await migrate(database.directUrl)
    await database.stop()
    process.stdout.write(`The database is at schema ${schema}.\n`)
  },
}

async function main(): Promise<void> {
  const [name = 'start'] = process.argv.slice(2)
  const command = commands[name]
  if (!command) {
    process.stderr.write(`There is no command "${name}". Use one of: ${Object.keys(commands).join(', ')}.\n`)
    process.exit(2)
  }
  const config = readConfig(process.env)
  await command(config, createLogger(config.logLevel))
}

/** The database of the settings, or the embedded one in the data directory. */
async function openDatabaseServer(config: Config, logger: Logger) {
  if (config.databaseUrl) {
    return { url: config.databaseUrl, directUrl: config.databaseDirectUrl!, stop: async () => {} }
  }
  const log = { info: (text: string) => logger.info(text), warn: (text: string) => logger.warn(text) }
  return await startPostgres({ dataDir: config.dataDir, log })
}

async function serve(config: Config, logger: Logger, roles: readonly Role[]): Promise<void> {
  const database = await openDatabaseServer(config, logger)
  let berth: Berth
  try {
    berth = await startBerth({ config, logger, roles, databaseUrl: database.url, directUrl: database.directUrl })
  } catch (error) {
    await database.stop()
    throw error
  }
  stopOnSignal(logger, async () => {
    await berth.close()
    await database.stop()
  })
  await greet(berth, roles)
}

function stopOnSignal(logger: Logger, close: () => Promise<void>): void {
  let stopping = false
  const stop = (signal: string) => {
    if (stopping) return
    stopping = true
    logger.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), 20_000).unref()
    close().then(
      () => process.exit(0),
      (error: Error) => {
        logger.error({ err: error.message }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

async function greet(berth: Berth, roles: readonly Role[]): Promise<void> {
  if (roles.length < allRoles.length) {
    process.stdout.write(`Berth (${roles.join(', ')}) is up at ${berth.url}\n`)
    return
  }
  const lines = [
    '',
    `  Berth is up at ${berth.url}`,
    '',
    '  First call   ./mcpctl quickstart',
    `  Console      ${berth.url}/`,
    `  API          ${berth.url}/docs/api`,
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

main().catch((error: unknown) => {
  const { name, message, stack } = error as Error
  const known = error instanceof ConfigError || error instanceof SchemaError || name === 'DataDirectoryInUse'
  process.stderr.write(`${known || process.env['BERTH_LOG_LEVEL'] !== 'debug' ? message : stack}\n`)
  process.exit(1)
})
