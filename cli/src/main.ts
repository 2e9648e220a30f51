#!/usr/bin/env node
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Compiled once, kept in the user's own cache: the second command starts in half the time. Node 20 goes without.
module.enableCompileCache?.(
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'berth', 'mcpctl'),
)

await import('./run.ts')
