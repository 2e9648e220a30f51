import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { listAudit } from './list.ts'
import { tailAudit } from './tail.ts'

/** `mcpctl audit` */
export function auditCommand(): Command {
  return noun('audit', "The organization's log: every change, who made it, and when", [
    listAudit(),
    tailAudit(),
  ])
}
