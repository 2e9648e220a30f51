import { api, type LogLine } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, wholeNumber } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import { untilInterrupted } from '../core/interrupt.ts'
import type { Output } from '../core/output.ts'
import { follow } from '../core/streams.ts'
import { escapeText } from '../core/text.ts'
import { clockTime } from '../core/time.ts'
import { whichDeployment } from './shape.ts'

interface LogOptions {
  tail?: number
  follow?: boolean
}

export function deploymentLogs(): Command {
  const command = new Command('logs')
    .description('The last lines its processes wrote')
    .argument(...whichDeployment)
    .addOption(new Option('--tail <n>', 'how many lines').argParser(wholeNumber(1, 5000)))
    .option('-f, --follow', 'go on with lines as they are written, until Ctrl-C')
  return does(command, logs)
}

async function logs(context: Context, options: LogOptions, named: string): Promise<void> {
  const organizationId = await organizationOf(context)
  const { id: deploymentId } = await findDeployment(context, organizationId, named)
  const params = { organizationId, deploymentId }
  const { out } = context
  if (options.follow) return followLogs(context, params, options.tail ?? 50)
  const kept = await context.call(api.deployments.logs, { params, query: { tail: options.tail ?? 200 } })
  if (out.json) return out.data(kept)
  if (kept.items.length === 0) out.say('Nothing was written yet.')
  for (const line of kept.items) printLine(out, line)
}

async function followLogs(
  context: Context,
  params: { organizationId: string; deploymentId: string },
  tail: number,
): Promise<void> {
  const { out } = context
  await follow(
    context,
    api.deployments.followLogs,
    { params, query: { tail } },
    {
      signal: untilInterrupted(),
      positionOf: (data) => ({ series: 'lines', position: (data as LogLine).line }),
      onEvent: (data) => (out.json ? out.dataLine(data) : printLine(out, data as LogLine)),
      onReset: () => out.say('Some lines are older than what is kept.'),
    },
  )
}

function printLine(out: Output, line: LogLine): void {
  const { colors } = out
  const mark = line.stream === 'note' ? colors.blue('berth ') : line.stream === 'stdout' ? 'stdout' : 'stderr'
  out.line(`${colors.dim(clockTime(line.at))} ${mark} ${escapeText(line.text)}`)
}
