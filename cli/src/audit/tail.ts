import { api, type LogEvent } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { organizationOf } from '../core/find.ts'
import { untilInterrupted } from '../core/interrupt.ts'
import type { Output } from '../core/output.ts'
import { follow, following } from '../core/streams.ts'
import { escapeText } from '../core/text.ts'
import { clockTime } from '../core/time.ts'
import { actorText, payloadText } from './event.ts'

interface TailOptions {
  type?: string
  everywhere?: boolean
}

export function tailAudit(): Command {
  const command = new Command('tail')
    .description('The log as it is written, until Ctrl-C; with --json one event a line')
    .option('--type <types>', 'only these event types, comma-separated; a beginning followed by "*" will do')
    .option('--everywhere', 'of every organization you belong to')
  return does(command, tail)
}

async function tail(context: Context, options: TailOptions): Promise<void> {
  const organizationId = options.everywhere ? undefined : await organizationOf(context)
  const { out } = context
  const query = { organizationId, types: options.type }
  await follow(
    context,
    api.audit.stream,
    { query },
    {
      signal: untilInterrupted(),
      positionOf: (data) => {
        const event = data as LogEvent
        return { series: event.organizationId, position: event.seq }
      },
      onEvent: (data) => (out.json ? out.dataLine(data) : printEvent(out, data as LogEvent)),
      onReady: () => out.say(following),
      onReset: () => out.say('Some events are older than what the stream keeps; see: mcpctl audit list'),
    },
  )
}

function printEvent(out: Output, event: LogEvent): void {
  const { colors } = out
  const parts = [
    colors.dim(`${clockTime(event.at)} ${String(event.seq).padStart(6)}`),
    escapeText(event.type),
    colors.dim(escapeText(actorText(event))),
    escapeText(payloadText(event)),
  ]
  out.line(parts.join('  '))
}
