/** `node server/src/main.ts <command>`: runs Berth, or does what its machine's owner asks; `--help` lists all. */
import { parseArgs } from 'node:util'
import { allRoles, startBerth, type Berth, type Role } from './app.ts'
import { setupCode } from './identity/service.ts'
import * as machine from './machine.ts'
import { BackupError } from './platform/backup/manifest.ts'
import { ConfigError, readConfig, settingsHelp, type Config } from './platform/config.ts'
import { SchemaError } from './platform/db/migrate.ts'
import { createLogger, type Logger } from './platform/logger.ts'
import { Refusal } from './platform/problem.ts'
import { KeyError } from './platform/secret-key.ts'
import { version } from './platform/version.ts'

interface Command {
  summary: string
  /** What it takes besides its name: at most one argument, and these options. */
  takes?: { argument?: string; required?: true; options?: (keyof typeof options)[] }
  run: (command: machine.MachineCommand) => Promise<void>
}

const serving = (roles: readonly Role[]) => async (command: machine.MachineCommand) =>
  serve(command.config, command.logger, roles)

const commands: Record<string, Command> = {
  start: {
    summary: 'every role in one process (what `npm start` does, and the default)',
    run: serving(allRoles),
  },
  api: { summary: "the HTTP API, the console's pages and event streams", run: serving(['api']) },
  gateway: { summary: 'MCP traffic', run: serving(['gateway']) },
  runner: { summary: "the servers' processes on this machine", run: serving(['runner']) },
  worker: { summary: 'jobs and schedulers', run: serving(['worker']) },
  migrate: { summary: "bring the database to this program's schema, and end", run: machine.migrateDatabase },
  examine: {
    summary: 'what this machine can enforce on servers, as JSON (what `mcpctl doctor` reads)',
    run: machine.examine,
  },
  recover: {
    summary: 'make an operator who can sign in; --email <address> names which account',
    takes: { options: ['email'] },
    run: machine.recover,
  },
  backup: {
    summary: 'back everything up to [file], while Berth runs or not',
    takes: { argument: '[file]' },
    run: machine.backup,
  },
  restore: {
    summary: 'restore <file> into an empty Berth; --without-key where the secret key is lost',
    takes: { argument: '<file>', required: true, options: ['without-key'] },
    run: machine.restore,
  },
  'rotate-secret-key': {
    summary: 'seal every secret with a new key; stop Berth first',
    run: machine.rotateSecretKey,
  },
  'lost-secret-key': {
    summary: 'go on without the secret key; --yes gives up what it sealed',
    takes: { options: ['yes'] },
    run: machine.lostSecretKey,
  },
}

const options = {
  'data-dir': { type: 'string' },
  email: { type: 'string' },
  'without-key': { type: 'boolean' },
  yes: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

const help = () => `Usage: node server/src/main.ts [command] [--data-dir <folder>]

Commands:
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(18)} ${summary}`)
  .join('\n')}

Settings, as environment variables:
${settingsHelp()}
`

/** A command line that says something there is not: a sentence that says what would be right, and exit code 2. */
class Misuse extends Error {}

function readArguments() {
  try {
    return parseArgs({ args: process.argv.slice(2), options, allowPositionals: true })
  } catch (error) {
    // What Node goes on to say is for the unlikely case that a name begins with a dash.
    const [fault] = (error as Error).message.split('. ')
    throw new Misuse(`${fault}: --help lists what there is.`)
  }
}

/** Refuses what the command would silently leave aside. */
function checkArguments(name: string, { takes = {} }: Command, args: string[], given: string[]): void {
  const { argument, required, options: own = [] } = takes
  const foreign = given.find((option) => option !== 'data-dir' && !(own as string[]).includes(option))
  if (foreign) throw new Misuse(`${name} takes no --${foreign}: --help lists what it takes.`)
  if (required && args.length === 0) throw new Misuse(`Say which: ${name} ${argument}.`)
  const [extra] = args.slice(argument ? 1 : 0)
  if (extra !== undefined)
    throw new Misuse(
      `${name} takes ${argument ? `one ${argument.slice(1, -1)}` : 'nothing'}, not also "${extra}".`,
    )
}

async function main(): Promise<void> {
  const { positionals, values } = readArguments()
  const [name = 'start', ...args] = positionals
  if (values.help) {
    process.stdout.write(help())
    return
  }
  if (values.version) {
    process.stdout.write(`berth ${version}\n`)
    return
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command)
    throw new Misuse(`There is no command "${name}". Use one of: ${Object.keys(commands).join(', ')}.`)
  checkArguments(name, command, args, Object.keys(values))
  const config = readConfig({
    ...process.env,
    ...(values['data-dir'] ? { BERTH_DATA_DIR: values['data-dir'] } : {}),
  })
  await command.run({ config, logger: createLogger(config.logLevel), args, values })
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
  const database = await machine.openDatabaseServer(config, logger)
  try {
    const urls = { databaseUrl: database.url, directUrl: database.directUrl }
    return { database, berth: await startBerth({ config, logger, roles, observeBundled: true, ...urls }) }
  } catch (error) {
    await database.stop()
    throw error
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
    `  Docs         ${berth.url}/docs/`,
    `  API          ${berth.url}/docs/api`,
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** What a person can mend, in a sentence; anything else is a fault of ours, and shows where it is at `debug`. */
const known = [Misuse, ConfigError, SchemaError, BackupError, KeyError, Refusal]

main().catch((error: unknown) => {
  const { name, message, stack } = error as Error
  const sentence = known.some((kind) => error instanceof kind) || name === 'DataDirectoryInUse'
  process.stderr.write(`${sentence || process.env['BERTH_LOG_LEVEL'] !== 'debug' ? message : stack}\n`)
  process.exit(error instanceof Misuse ? 2 : 1)
})
