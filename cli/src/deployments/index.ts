import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { callTool } from './call.ts'
import { listCalls } from './calls.ts'
import { launchDeployment } from './launch.ts'
import { listDeployments } from './list.ts'
import { deploymentLogs } from './logs.ts'
import { removeDeployment } from './remove.ts'
import { showDeployment } from './show.ts'
import { restartDeployment, startDeployment, stopDeployment } from './start-stop.ts'
import { showStats } from './stats.ts'
import { acceptSurface, showSurface } from './surface.ts'
import { listTools } from './tools.ts'
import { updateDeployment } from './update.ts'

/** `mcpctl deployments`; a deployment is named by its id, its name, or workspace/name. */
export function deploymentsCommand(): Command {
  return noun('deployments', 'Servers that run in a workspace', [
    launchDeployment(),
    listDeployments(),
    showDeployment(),
    updateDeployment(),
    stopDeployment(),
    startDeployment(),
    restartDeployment(),
    removeDeployment(),
    deploymentLogs(),
    listTools(),
    callTool(),
    listCalls(),
    showStats(),
    showSurface(),
    acceptSurface(),
  ])
}
