import type { Tx } from '../platform/mutate.ts'

declare module '../platform/jobs.ts' {
  interface JobTypes {
    /** Install a release and observe its surface in the sandbox, as the work of a run. */
    'catalog.observe': { releaseId: string; runId: string }
  }
}

/** Creates the run of an evaluation on a release and returns its id; runs belong to a domain above this one. */
export type OpenEvaluation = (tx: Tx, releaseId: string) => Promise<string>

/** Opens an evaluation of a release: a run, and the job that does its work. Returns the run's id. */
export async function evaluate(tx: Tx, releaseId: string, open: OpenEvaluation): Promise<string> {
  const runId = await open(tx, releaseId)
  await enqueueObservation(tx, { releaseId, runId })
  return runId
}

/** Puts the work of an evaluation's run on its way, for the first time or again. */
export async function enqueueObservation(
  tx: Tx,
  job: { releaseId: string; runId: string },
  startAfterSeconds = 0,
): Promise<void> {
  await tx.enqueue('catalog.observe', job, { singletonKey: job.runId, startAfterSeconds })
}
