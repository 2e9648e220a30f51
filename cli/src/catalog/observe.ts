import { api, ApiError, platformOrganizationId, UnreachableError } from '@berth/contracts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { lasting } from '../core/lasting.ts'
import { Progress } from '../core/progress.ts'
import { pause } from '../core/time.ts'

/** Waits until a release was installed and its surface observed, or that failed; shows what happens meanwhile. */
export async function observed(context: Context, added: { id: string; runId: string }) {
  const progress = new Progress(context.out)
  const until = Date.now() + context.waitMs
  try {
    progress.now('Installing and observing')
    for (;;) {
      const release = await lasting(() =>
        context.call(api.catalog.getRelease, { params: { releaseId: added.id } }),
      )
      if (release && release.observation !== 'pending') return release
      if (Date.now() > until) {
        throw new RefusedError(
          `It is still being observed after ${context.waitMs / 1000} s; the run ${added.runId} goes on.`,
          release ? `mcpctl catalog show ${release.server}` : undefined,
        )
      }
      const step = await stepOf(context, added.runId)
      if (step) progress.now(step)
      await pause(400)
    }
  } finally {
    progress.end()
  }
}

/** What the observation is doing now; undefined when the caller may not see it. */
async function stepOf(context: Context, runId: string): Promise<string | undefined> {
  try {
    const run = await context.call(api.runs.get, {
      params: { organizationId: platformOrganizationId, runId },
    })
    return run.step ?? undefined
  } catch (error) {
    if (error instanceof ApiError || error instanceof UnreachableError) return undefined
    throw error
  }
}
