/** `node server/src/main.ts start | api | gateway | runner | worker | migrate | recover`. */
import { parseArgs } from 'node:util'
import { allRoles, jobNames, startBerth, type Berth, type Role } from './app.ts'
import { recoverOperator, setupCode } from './identity/service.ts'
import { ConfigError, readConfig, settingsHelp, type Config } from './platform/config.ts'
import { migrate, SchemaError } from './platform/db/migrate.ts'
import { createLogger, type Logger } from './platform/logger.ts'
import { openPlatform } from './platform/platform.ts'
import { runningDatabase } from './platform/postgres/attach.ts'
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
  recover,
}

const options = {
  'data-dir': { type: 'string' },
  email: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

const help = `Usage: node server/src/main.ts [command] [--data-dir <folder>]

Commands:
  start      every role in one process (what \`npm start\` does, and the default)
  api        the HTTP API, the console's pages and event streams
  gateway    MCP traffic
  runner     the servers' processes on this machine
  worker     jobs and schedulers
  migrate    bring the database to this program's schema, and end
  recover    make an operator who can sign in; --email <address> names which account

Settings, as environment variables:
${settingsHelp()}
`

function readArguments() {
  try {
    return parseArgs({ args: process.argv.slice(2), options, allowPositionals: true })
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}

async function main(): Promise<void> {
  const { positionals, values } = readArguments()
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const [name = 'start'] = positionals
  const command = commands[name]
  if (!command) {
    process.stderr.write(`There is no command "${name}". Use one of: ${Object.keys(commands).join(', ')}.\n`)
    process.exit(2)
  }
  const config = readConfig({
    ...process.env,
    ...(values['data-dir'] ? { BERTH_DATA_DIR: values['data-dir'] } : {}),
  })
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
  const started = start(config, logger, roles)
  // From the first moment on: a signal during the start waits for what is starting, and leaves none of it.
  stopOnSignal(logger, async () => {
    const running = await started.catch(() => null)
    await running?.berth.close()
    await running?.database.stop()
  })
  const { berth } = await started
  await greet(berth, roles)
}

async function start(config: Config, logger: Logger, roles: readonly Role[]) {
  const database = await openDatabaseServer(config, logger)
  try {
    const urls = { databaseUrl: database.url, directUrl: database.directUrl }
    return { database, berth: await startBerth({ config, logger, roles, observeBundled: true, ...urls }) }
  } catch (error) {
    await database.stop()
    throw error
  }
}

/** Run on the machine itself: a way in for a locked-out operator, whether Berth runs at the moment or not. */
async function recover(config: Config, logger: Logger): Promise<void> {
  const running = config.databaseUrl ?? (await runningDatabase(config.dataDir))
  const database = running
    ? { url: running, directUrl: running, stop: async () => {} }
    : await openDatabaseServer(config, logger)
  const platform = await openPlatform({
    config,
    logger,
    databaseUrl: database.url,
    directUrl: database.directUrl,
    jobNames,
  })
  try {
    const { email } = readArguments().values
    const recovery = await recoverOperator(platform, email ? { email } : {})
    process.stdout.write(
      `${recovery.email} is an operator and can sign in with this password, shown once:\n\n  ${recovery.password}\n\nIts sign-ins were ended. Change the password after signing in.\n`,
    )
  } finally {
    await platform.close()
    await database.stop()
  }
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
  const code = roles.includes('api') ? await setupCode(berth.platform) : null
  if (roles.length < allRoles.length) {
    const codeLine = code ? `Set-up code for the first account: ${code}\n` : ''
    process.stdout.write(`Berth (${roles.join(', ')}) is up at ${berth.url}\n${codeLine}`)
    return
  }
  const lines = [
    '',
    `  Berth is up at ${berth.url}`,
    ...(code
      ? ['', `  Set-up code  ${code}`, '               The first account needs it: it becomes the operator.']
      : []),
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
