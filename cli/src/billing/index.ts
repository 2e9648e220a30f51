import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { quotaCommand, usageCommand } from './usage.ts'

/** `mcpctl billing` */
export function billingCommand(): Command {
  return noun('billing', 'What the plan allows and what is used of it', [usageCommand(), quotaCommand()])
}
