import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { lifecycleActivity, lifecycleCounts } from './counts.ts'
import { listLifecycle } from './list.ts'
import { watchLifecycle } from './watch.ts'

/** `mcpctl lifecycle` */
export function lifecycleCommand(): Command {
  return noun('lifecycle', 'Workspaces, what runs in them, and how that changes', [
    listLifecycle(),
    lifecycleCounts(),
    lifecycleActivity(),
    watchLifecycle(),
  ])
}
