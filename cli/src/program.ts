import { Command, Option } from 'commander'
import { accountCommand } from './account/index.ts'
import { adminCommand } from './admin/index.ts'
import { auditCommand } from './audit/index.ts'
import { loginCommand } from './auth/login.ts'
import { logoutCommand } from './auth/logout.ts'
import { signUpCommand } from './auth/sign-up.ts'
import { whoamiCommand } from './auth/whoami.ts'
import { billingCommand } from './billing/index.ts'
import { catalogCommand } from './catalog/index.ts'
import { completionCommand } from './completion/index.ts'
import { connectCommand } from './connect/index.ts'
import { positiveNumber } from './core/command.ts'
import { deploymentsCommand } from './deployments/index.ts'
import { doctorCommand } from './doctor/index.ts'
import { importCommand } from './import/index.ts'
import { lifecycleCommand } from './lifecycle/index.ts'
import { limitsCommand } from './limits/index.ts'
import { onboardingCommand } from './onboarding/index.ts'
import { orgsCommand } from './orgs/index.ts'
import { policyCommand } from './policy/index.ts'
import { quickstartCommand } from './quickstart/index.ts'
import { runsCommand } from './runs/index.ts'
import { secretsCommand } from './secrets/index.ts'
import { tiersCommand } from './tiers/index.ts'
import { tokensCommand } from './tokens/index.ts'
import { version } from './version.ts'
import { workspacesCommand } from './workspaces/index.ts'

/** The whole of mcpctl as a commander tree. Nothing in it exits: errors are thrown for main to map. */
export function createProgram(): Command {
  const program = new Command('mcpctl')
    .description('Runs third-party MCP servers under governance: the command line of Berth.')
    .version(version, '-V, --version', 'print the version')
    .option(
      '--url <url>',
      "Berth's address (BERTH_URL; default: of your sign-in, else http://127.0.0.1:7070)",
    )
    .option('--token-file <file>', 'act with the token in this file (or BERTH_TOKEN) instead of your sign-in')
    .option('--org <organization>', 'the organization, by id or slug (default: what `orgs use` chose)')
    .option('--workspace <workspace>', 'the workspace, by id or key (default: what `workspaces use` chose)')
    .option('--json', 'print plain data as JSON to stdout; messages stay on stderr')
    .addOption(
      new Option('--timeout <seconds>', 'give up on an answer, a launch or an observation').argParser(
        positiveNumber,
      ),
    )
    .option('--no-color', 'print without colours (as NO_COLOR does)')
    .addHelpText('after', outcome)
  for (const command of commands()) program.addCommand(command)
  prepare(program)
  return program
}

const outcome = `
Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 not signed in, 4 not reachable.

First steps:
  mcpctl quickstart                 from nothing to an answered tool call
  mcpctl login                      sign in
  mcpctl deployments list           what runs`

function commands(): Command[] {
  return [
    quickstartCommand(),
    signUpCommand(),
    loginCommand(),
    logoutCommand(),
    whoamiCommand(),
    accountCommand(),
    onboardingCommand(),
    orgsCommand(),
    workspacesCommand(),
    catalogCommand(),
    deploymentsCommand(),
    secretsCommand(),
    tokensCommand(),
    connectCommand(),
    importCommand(),
    lifecycleCommand(),
    runsCommand(),
    policyCommand(),
    auditCommand(),
    tiersCommand(),
    limitsCommand(),
    billingCommand(),
    doctorCommand(),
    adminCommand(),
    completionCommand(),
  ]
}

/** What every command needs: throw instead of exiting, say where help is, show the global options in its help. */
function prepare(command: Command): void {
  command
    .exitOverride((error) => {
      throw Object.assign(error, { helpOf: pathOf(command) } satisfies WithHelp)
    })
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'Error: ')) })
  for (const one of command.commands) prepare(one)
}

/** Which command's help says what was right. */
export interface WithHelp {
  helpOf: string
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}
