/**
 * `npm run demo`: a Berth of its own with a world in it that looks lived in, made through the public API and by real MCP
 * clients. It runs until Ctrl-C and leaves nothing behind.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { DemoFault, startDemoBerth, type DemoBerth } from './demo/berth.ts'
import { password } from './demo/people.ts'
import { standUp } from './demo/stand.ts'
import { drive } from './demo/traffic.ts'
import { until, type World } from './demo/world.ts'
import { readArguments } from './usage.mjs'

/** Within so long after it has stopped answering, Berth is gone. */
const endingMs = 5000

async function main(): Promise<void> {
  const localOnly = Boolean(readArguments('demo').values['local-only'])
  const stopped = stopOnSignal()
  try {
    await withBerth(stopped, (berth, signal) => live(berth, localOnly, signal))
  } catch (error) {
    if (!stopped.aborted) throw error
  }
  console.log('Stopped. Nothing of the demo is left.')
}

/** Does the work on a Berth that is ended and removed afterwards. `signal` is aborted should it end before. */
async function withBerth(
  stopped: AbortSignal,
  work: (berth: DemoBerth, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const berth = await startDemoBerth(stopped)
  try {
    await work(berth, AbortSignal.any([stopped, berth.ended]))
  } catch (error) {
    // That Berth is ending is why whatever was at work failed; it stops answering before it is gone.
    if (!stopped.aborted) await sleep(endingMs, undefined, { signal: berth.ended }).catch(() => undefined)
    throw berth.ended.aborted ? berth.ended.reason : error
  } finally {
    console.log('Stopping…')
    await berth.close()
  }
}

function stopOnSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = () => controller.abort(new DemoFault('It was stopped.'))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop)
  return controller.signal
}

/** Makes the world and keeps it busy until the signal is aborted; rejects then. */
async function live(berth: DemoBerth, localOnly: boolean, signal: AbortSignal): Promise<void> {
  console.log(`A fresh Berth is up at ${berth.url}; everything it keeps is in ${berth.folder}`)
  const { world, agents } = await standUp(berth, { localOnly }, signal)
  const counts = { answered: 0, failed: 0 }
  try {
    await Promise.all([
      drive(agents, counts, signal),
      until(world.payments, world.deployments.cards, ['failed'], signal).then(() =>
        console.log(summary(berth, world, agents.length)),
      ),
    ])
  } finally {
    console.log(`\n${counts.answered} calls were answered, ${counts.failed} ended in an error or a refusal.`)
  }
}

function summary({ url }: DemoBerth, { people, deployments }: World, agents: number): string {
  const { cards, digest, refused, retired } = deployments
  const signIns = Object.values(people).map(
    ({ email, name, part }) => `  ${email.padEnd(22)}${name.padEnd(18)}${part}`,
  )
  return `
The world stands. ${agents} agents are calling tools, one or two calls a second.

  Open      ${url}/console/lifecycle
  API       ${url}/docs/api

Sign in with one of these; the password of each is  ${password}
${signIns.join('\n')}

What to look at
  ${cards.name.padEnd(22)}failed: it is set to the live network and has no member id; its last words say so
  ${digest.name.padEnd(22)}held: it changed the description of its tool after a few calls; the diff shows how
  ${refused.name.padEnd(22)}held: its tier does not run servers from folders
  ${retired.name.padEnd(22)}stopped

From the command line
  ./mcpctl login --url ${url}

Ctrl-C stops everything and removes it.
`
}

main().catch((error: unknown) => {
  console.error(error instanceof DemoFault ? error.message : error)
  process.exitCode = 1
})
