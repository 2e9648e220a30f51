import { api, type LogEvent, type WorkspaceSnapshot } from '@berth/contracts'
import { Command } from 'commander'
import { changesText, payloadText } from '../audit/event.ts'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import { untilInterrupted } from '../core/interrupt.ts'
import type { Output } from '../core/output.ts'
import { readPages } from '../core/pages.ts'
import { follow, following } from '../core/streams.ts'
import { escapeText } from '../core/text.ts'
import { clockTime } from '../core/time.ts'
import { lifecyclePage, printSnapshot } from './snapshot.ts'

export function watchLifecycle(): Command {
  const command = new Command('watch').description(
    'The present state, then every change as it is committed, until Ctrl-C; with --json one event a line',
  )
  return does(command, watch)
}

async function watch(context: Context): Promise<void> {
  const organizationId = await organizationOf(context)
  const names = new Names()
  const { out } = context
  const cursor = await takeSnapshot(context, organizationId, names)
  await follow(
    context,
    api.lifecycle.stream,
    { query: { organizationId, cursor } },
    {
      signal: untilInterrupted(),
      positionOf: (data) => ({ series: organizationId, position: (data as LogEvent).seq }),
      onEvent: (data) => {
        const event = data as LogEvent
        names.learn(event)
        if (!concerns(context, event, names)) return
        if (out.json) out.dataLine(event)
        else printChange(out, event, names)
      },
      onReady: () => out.say(following),
      onReset: async () => {
        out.say('Too much happened to tell it all; here is the present state:')
        await takeSnapshot(context, organizationId, names)
      },
    },
  )
}

/** Reads and prints the present state; the answer is the cursor from which the stream goes on. */
async function takeSnapshot(context: Context, organizationId: string, names: Names): Promise<string> {
  let streamCursor = ''
  const { items } = await readPages<WorkspaceSnapshot>({ limit: 1, all: true }, async (query) => {
    const answer = await lifecyclePage(context, organizationId, query)
    streamCursor ||= answer.streamCursor
    return answer
  })
  for (const snapshot of items) names.learnSnapshot(snapshot)
  if (!context.out.json) printSnapshot(context.out, items)
  return streamCursor
}

/** The names of workspaces and deployments, learnt from snapshots and events. */
class Names {
  private readonly byId = new Map<string, string>()

  learnSnapshot({ workspace, deployments }: WorkspaceSnapshot): void {
    this.byId.set(workspace.id, workspace.key)
    for (const deployment of deployments) this.byId.set(deployment.id, deployment.name)
  }

  learn({ type, payload }: LogEvent): void {
    if (type === 'workspace.created') this.byId.set(String(payload['workspaceId']), String(payload['key']))
    if (type === 'deployment.created') this.byId.set(String(payload['deploymentId']), String(payload['name']))
  }

  of(id: unknown): string | undefined {
    return typeof id === 'string' ? (this.byId.get(id) ?? id) : undefined
  }
}

/** Whether an event is about `--workspace`, when that was given. */
function concerns(context: Context, event: LogEvent, names: Names): boolean {
  const { workspace } = context.options
  if (!workspace) return true
  const { workspaceId } = event.payload
  return workspaceId === workspace || names.of(workspaceId) === workspace
}

function printChange(out: Output, event: LogEvent, names: Names): void {
  const { workspaceId, deploymentId, changes, reason, ...rest } = event.payload
  const what = [names.of(workspaceId), names.of(deploymentId)].filter(Boolean).join('/')
  const detail = changes ? changesText(changes) : payloadText({ ...event, payload: rest })
  const why = typeof reason === 'string' ? `(${reason})` : ''
  const text = [event.type, what, detail, why].filter(Boolean).map((part) => escapeText(part))
  out.line(`${out.colors.dim(clockTime(event.at))}  ${text.join('  ')}`)
}
