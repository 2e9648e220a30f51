import { api, deploymentWord, type Deployment } from '@berth/contracts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { lasting } from '../core/lasting.ts'
import { Progress } from '../core/progress.ts'
import { pause } from '../core/time.ts'

type Word = ReturnType<typeof deploymentWord>

/** After so long without any change, a deployment that was held or had failed already counts as so again. */
const unchangedMs = 3000

/**
 * Waits until a deployment has come to rest as one of `goals`, or somewhere else where it stays by itself (held,
 * failed, quarantined). `arrived` says whether a goal is the new one and not the state from before. Shows what
 * happens meanwhile; throws when time runs out.
 */
export async function settled(
  context: Context,
  deployment: Deployment,
  goals: readonly Word[],
  arrived: (now: Deployment) => boolean = () => true,
): Promise<Deployment> {
  const params = { organizationId: deployment.organizationId, deploymentId: deployment.id }
  const progress = new Progress(context.out)
  const startedAt = Date.now()
  let last = deployment
  try {
    for (;;) {
      const word = deploymentWord(last)
      const waited = Date.now() - startedAt
      const moved = last.rowVersion !== deployment.rowVersion || waited > unchangedMs
      if (goals.includes(word) ? arrived(last) : moved && elsewhere.has(word)) return last
      progress.now(await whatHappens(context, last))
      if (waited > context.waitMs) {
        throw new RefusedError(
          `${last.name} is still ${word} after ${context.waitMs / 1000} s; it goes on without you.`,
          `mcpctl deployments show ${last.id}`,
        )
      }
      await pause(300)
      last = (await lasting(() => context.call(api.deployments.get, { params }))) ?? last
    }
  } finally {
    progress.end()
  }
}

/** Where a deployment stays by itself. */
const elsewhere = new Set<Word>(['held', 'failed', 'quarantined'])

/** The step of the newest run when it is at work, else the deployment's word and reason. */
async function whatHappens(context: Context, deployment: Deployment): Promise<string> {
  const { organizationId, id, name } = deployment
  const query = { deploymentId: id, limit: 1 }
  const runs = await lasting(() => context.call(api.runs.list, { params: { organizationId }, query }))
  const run = runs?.items[0]
  const now = run && run.endedAt === null ? run.step : deployment.reason
  return `${name}: ${deploymentWord(deployment)}${now ? `, ${now}` : ''}`
}
