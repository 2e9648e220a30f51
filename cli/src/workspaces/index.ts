import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { archiveWorkspace, restoreWorkspace } from './archive.ts'
import { createWorkspace } from './create.ts'
import { listWorkspaces } from './list.ts'
import { showWorkspace } from './show.ts'
import { updateWorkspace } from './update.ts'
import { useWorkspace } from './use.ts'

/** `mcpctl workspaces` */
export function workspacesCommand(): Command {
  return noun('workspaces', 'Where an organization runs servers', [
    listWorkspaces(),
    createWorkspace(),
    showWorkspace(),
    updateWorkspace(),
    archiveWorkspace(),
    restoreWorkspace(),
    useWorkspace(),
  ])
}
