import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { changeCommands } from './change.ts'
import { checkoutCommands } from './checkout.ts'
import { holdsCommand } from './holds.ts'
import { invoicesCommand } from './invoices.ts'
import { clockCommand, operatorCommands } from './operator.ts'
import { plansCommand } from './plans.ts'
import { historyCommand, subscriptionCommand } from './subscription.ts'
import { quotaCommand, usageCommand } from './usage.ts'
import { driftCommands, webhooksCommand } from './webhooks.ts'

/** `mcpctl billing` */
export function billingCommand(): Command {
  return noun('billing', 'The plan, what it allows, what is used of it, and what it costs', [
    plansCommand(),
    subscriptionCommand(),
    historyCommand(),
    ...changeCommands(),
    ...checkoutCommands(),
    usageCommand(),
    quotaCommand(),
    holdsCommand(),
    invoicesCommand(),
    clockCommand(),
    ...operatorCommands(),
    webhooksCommand(),
    ...driftCommands(),
  ])
}
