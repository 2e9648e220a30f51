/** `npm run bench [name …] [-- --write-docs]`: exit code 1 when a target is missed or a benchmark fails. */
import { benchmarks, readArguments } from '../../scripts/usage.mjs'
import { consolePages } from './console.ts'
import { decision } from './decision.ts'
import { gateway } from './gateway.ts'
import { inbox } from './inbox.ts'
import { killSwitch } from './kill-switch.ts'
import { runAndKeep, writeDocument, type Report } from './lib/report.ts'
import { lifecycle } from './lifecycle.ts'
import { log } from './log.ts'
import { memory } from './memory.ts'
import { quota } from './quota.ts'
import { sessions } from './sessions.ts'
import { start } from './start.ts'
import { subscribers } from './subscribers.ts'

type Name = (typeof benchmarks)[number]

const benches: Record<Name, () => Promise<Report>> = {
  gateway,
  sessions,
  'kill-switch': killSwitch,
  decision,
  quota,
  inbox,
  log,
  subscribers,
  lifecycle,
  console: consolePages,
  start,
  memory,
}

const { positionals, values } = readArguments('bench')
const chosen = positionals.length > 0 || values['write-docs'] ? (positionals as Name[]) : benchmarks
for (const name of chosen) {
  try {
    if (!(await runAndKeep(name, benches[name]))) process.exitCode = 1
  } catch (error) {
    console.error(`${name} failed: ${(error as Error).stack}`)
    process.exitCode = 1
  }
}
if (values['write-docs']) writeDocument(benchmarks)
