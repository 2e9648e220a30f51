import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { escapeText } from '../core/text.ts'
import { stateCell } from '../core/words.ts'
import type { Finding } from './finding.ts'
import {
  checkBrowser,
  checkDataDirectory,
  checkEnforcement,
  checkNode,
  checkPort,
  checkRegistry,
} from './machine.ts'
import { checkInstallation, checkServer } from './server.ts'

const checkout = fileURLToPath(new URL('../../../', import.meta.url))
const registryMs = 20_000

/** `mcpctl doctor`: looks for what keeps Berth from working, and says what to do about it. */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('Check this machine and the server; each fault comes with its remedy')
    .option(
      '--data-dir <folder>',
      "Berth's data directory (default: BERTH_DATA_DIR, else that of the checkout)",
    )
    .addHelpText(
      'after',
      '\nThe machine itself is checked where Berth runs on it: in a checkout, at a loopback address.',
    )
  return does(command, doctor)
}

async function doctor(context: Context, options: { dataDir?: string }): Promise<void> {
  const { findings, answers } = await checkServer(context)
  const told = answers && findings[0]?.level === 'ok' ? await checkInstallation(context) : []
  const here = runsHere(context.url)
    ? await checkMachine(
        context,
        options.dataDir,
        answers,
        told.some(({ check }) => check === 'sandbox'),
      )
    : []
  // What the installation says of itself it has looked at more closely.
  const untold = ({ check }: Finding) => told.every((one) => one.check !== check)
  print(context, [
    ...findings.filter(untold),
    ...told,
    checkNode(process.versions.node),
    ...here.filter(untold),
  ])
}

const serverMain = resolve(checkout, 'server/src/main.ts')
const runsHere = (url: string): boolean =>
  existsSync(serverMain) && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname)

async function checkMachine(
  context: Context,
  dataDir: string | undefined,
  answers: boolean,
  isToldOfSandbox: boolean,
): Promise<Finding[]> {
  const { env } = process
  const folder = resolve(
    checkout,
    dataDir === undefined ? env['BERTH_DATA_DIR'] || '.berth' : resolve(dataDir),
  )
  const findings = checkDataDirectory(folder, Boolean(env['BERTH_SECRET_KEY']))
  const { hostname, port, protocol } = new URL(context.url)
  const number = Number(port) || (protocol === 'https:' ? 443 : 80)
  if (!answers) findings.push(await checkPort(hostname.replace(/^\[|\]$/g, ''), number))
  // A running server has tried it already; before the first start, and without an operator's sign-in, it is tried here.
  const enforced = isToldOfSandbox ? [] : checkEnforcement(serverMain)
  return [...(await enforced), ...findings, await checkRegistry(registryMs), ...checkBrowser()]
}

function print({ out }: Context, findings: Finding[]): void {
  const faults = findings.filter((one) => one.level === 'fault')
  if (out.json) out.data({ ok: faults.length === 0, findings })
  else {
    out.table(
      findings,
      [
        { title: 'check', cell: (one) => one.check },
        { title: 'state', cell: (one) => stateCell(one.level) },
        { title: 'finding', cell: (one) => one.sentence },
      ],
      '',
    )
    for (const { check, remedy } of findings) if (remedy) out.say(`${check}: ${escapeText(remedy)}`)
  }
  if (faults.length > 0) {
    throw new RefusedError(`To be mended: ${faults.map((one) => one.check).join(', ')}.`)
  }
  if (!out.json) out.done('Nothing has to be mended.')
}
