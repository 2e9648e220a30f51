/** `npm run bench [name …] [-- --write-docs]`: exit code 1 when a target is missed or a benchmark fails. */
import { parseArgs } from 'node:util'
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

const benches: Record<string, () => Promise<Report>> = {
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

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'write-docs': { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`)
  process.exit(2)
}
const chosen = positionals.length > 0 || values['write-docs'] ? positionals : Object.keys(benches)
for (const name of chosen) {
  try {
    if (!(await runAndKeep(name, benches[name]!))) process.exitCode = 1
  } catch (error) {
    console.error(`${name} failed: ${(error as Error).stack}`)
    process.exitCode = 1
  }
}
if (values['write-docs']) writeDocument(Object.keys(benches))
