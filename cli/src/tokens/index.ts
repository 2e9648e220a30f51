import type { Command } from 'commander'
import { noun } from '../core/command.ts'
import { createToken } from './create.ts'
import { listTokens } from './list.ts'
import { revokeToken } from './revoke.ts'

/** `mcpctl tokens`: your own API tokens; with `--workspace`, the service tokens of that workspace's agents. */
export function tokensCommand(): Command {
  return noun('tokens', 'Your API tokens; with --workspace, service tokens for agents', [
    listTokens(),
    createToken(),
    revokeToken(),
  ])
}
