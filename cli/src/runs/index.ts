import { api, runKind, runStatus, type Run, type RunKind, type RunStatus } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findDeployment, findWorkspace, organizationOf } from '../core/find.ts'
import type { Output } from '../core/output.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { duration, relativeTime } from '../core/time.ts'
import { stateCell } from '../core/words.ts'

interface ListOptions extends PageOptions {
  deployment?: string
  kind?: RunKind
  status?: RunStatus
}

/** `mcpctl runs` */
export function runsCommand(): Command {
  const list = paged(new Command('list').description('Runs, newest first'))
    .option('--deployment <deployment>', 'only runs of this deployment')
    .addOption(new Option('--kind <kind>', 'only runs of this kind').choices(runKind.options))
    .addOption(new Option('--status <status>', 'only runs in this state').choices(runStatus.options))
  const show = new Command('show').description('One run with its retry ledger').argument('<run>', 'its id')
  return noun('runs', 'Work that outlives a request: launches, evaluations', [
    does(list, listRuns),
    does(show, showRun),
  ])
}

async function listRuns(context: Context, options: ListOptions): Promise<void> {
  const organizationId = await organizationOf(context)
  const { deployment, kind, status } = options
  const { workspace } = context.options
  const deploymentId = deployment ? (await findDeployment(context, organizationId, deployment)).id : undefined
  const workspaceId =
    workspace && !deployment ? (await findWorkspace(context, organizationId, workspace)).id : undefined
  const page = await readPages(options, (query) =>
    context.call(api.runs.list, {
      params: { organizationId },
      query: { ...query, deploymentId, workspaceId, kind, status },
    }),
  )
  const { out } = context
  if (out.json) return out.data(page)
  out.table(
    page.items,
    [
      { title: 'run', cell: (one) => one.id },
      { title: 'kind', cell: (one) => one.kind },
      { title: 'status', cell: (one) => stateCell(one.status) },
      { title: 'attempt', cell: attemptText },
      { title: 'created', cell: (one) => relativeTime(one.createdAt) },
      { title: 'took', cell: (one) => duration(one.durationMs) },
      { title: 'of', cell: (one) => one.deploymentId ?? one.releaseId },
      { title: 'reason', cell: (one) => one.reason ?? one.step ?? '', max: 80 },
    ],
    'There are no runs.',
  )
}

async function showRun(context: Context, _options: object, runId: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const run = await context.call(api.runs.get, { params: { organizationId, runId } })
  if (context.out.json) return context.out.data(run)
  printRun(context.out, run)
}

function printRun(out: Output, run: Run): void {
  out.fields([
    ['id', run.id],
    ['kind', run.kind],
    ['status', stateCell(run.status)],
    ['step', run.step],
    ['reason', run.reason],
    ['attempt', attemptText(run)],
    ['deployment', run.deploymentId],
    ['release', run.releaseId],
    ['requested by', run.requestedBy],
    ['created', relativeTime(run.createdAt)],
    ['took', duration(run.durationMs)],
  ])
  if (run.retryLedger.length === 0) return
  out.line()
  out.table(
    run.retryLedger,
    [
      { title: 'attempt', cell: (one) => one.attempt },
      { title: 'status', cell: (one) => stateCell(one.status) },
      { title: 'when', cell: (one) => relativeTime(one.observedAt) },
      { title: 'reason', cell: (one) => one.reason ?? '' },
    ],
    '',
  )
}

function attemptText(run: Run): string {
  return `${run.attempt} of ${run.retryLimit + 1}`
}
