import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { noun } from '../core/command.ts'
import { CliError, exitCodes, RefusedError } from '../core/errors.ts'
import { healthCommand, runnersCommand } from './installation.ts'
import { organizationsCommand } from './organizations.ts'
import { outboxCommand } from './outbox.ts'
import { usersCommand } from './users.ts'

const checkout = fileURLToPath(new URL('../../../', import.meta.url))

/** `mcpctl admin`: what operators do. */
export function adminCommand(): Command {
  const recover = new Command('recover')
    .description('A way in for a locked-out operator: prints a one-time sign-in (on the machine itself)')
    .option('--data-dir <folder>', "Berth's data directory (default: BERTH_DATA_DIR, else the server's own)")
    .action(async () => {
      await runRecover(recover.opts<{ dataDir?: string }>().dataDir)
    })
  return noun('admin', 'What operators do for the whole installation', [
    organizationsCommand(),
    usersCommand(),
    outboxCommand(),
    runnersCommand(),
    healthCommand(),
    recover,
  ])
}

/** Runs the server's own `recover` from the checkout this CLI stands in, and passes through all it says. */
async function runRecover(dataDir: string | undefined): Promise<void> {
  const server = resolve(checkout, 'server/src/main.ts')
  if (!existsSync(server)) {
    throw new RefusedError(
      'Run this from the checkout on the machine that runs Berth: ./mcpctl admin recover',
    )
  }
  const args = ['recover', ...(dataDir === undefined ? [] : ['--data-dir', resolve(dataDir)])]
  const child = spawn(process.execPath, [server, ...args], { cwd: checkout, stdio: 'inherit' })
  const code = await new Promise<number>((done, failed) => {
    child.once('error', failed)
    child.once('exit', (exitCode) => done(exitCode ?? exitCodes.refused))
  })
  if (code !== 0) throw new SilentFailure(code)
}

/** The server said what is wrong already. */
class SilentFailure extends CliError {
  override readonly name = 'SilentFailure'
  constructor(code: number) {
    super(code <= exitCodes.unreachable ? code : exitCodes.refused, '')
  }
}
