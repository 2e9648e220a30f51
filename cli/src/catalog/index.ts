import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { addServer } from './add.ts'
import { listServers } from './list.ts'
import { showServer } from './show.ts'
import { admitRelease, blockRelease, observeRelease, yankRelease } from './state.ts'

/** `mcpctl catalog` */
export function catalogCommand(): Command {
  return noun('catalog', 'Servers that can be launched', [
    listServers(),
    addServer(),
    showServer(),
    observeRelease(),
    yankRelease(),
    admitRelease(),
    blockRelease(),
  ])
}
