import { readJson } from '../jsonc.ts'
import { NotImportable, planOf, type Plan, type Surroundings } from './entry.ts'

/** An MCP client's settings file, as far as it names servers. */
export interface ClientFile {
  servers: Record<string, unknown>
  /** What the file says of its `${input:…}` references, by their ids. */
  inputs: Record<string, string>
}

/** A text that is JSON, but names no servers. */
export class NoServers extends Error {
  override readonly name = 'NoServers'
}

/**
 * Reads an mcp.json, claude_desktop_config.json or VS Code's mcp.json (or settings.json). Throws JsonFault with the
 * line where it is not JSON, NoServers where it is something else.
 */
export function readClientFile(text: string): ClientFile {
  const root = objectOf(readJson(text).value)
  const settings = objectOf(root?.['mcp'])
  for (const holder of [root?.['mcpServers'], root?.['servers'], settings?.['servers']]) {
    const servers = objectOf(holder)
    if (servers) return { servers, inputs: inputsOf(root?.['inputs'] ?? settings?.['inputs']) }
  }
  throw new NoServers('it has neither "mcpServers" nor "servers". Is it an MCP client\'s settings file?')
}

function inputsOf(given: unknown): Record<string, string> {
  const inputs: Record<string, string> = {}
  for (const one of Array.isArray(given) ? given : []) {
    const { id, description } = objectOf(one) ?? {}
    if (typeof id === 'string' && typeof description === 'string') inputs[id] = description
  }
  return inputs
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Record<string, unknown>
}

/** One entry of a file: what it becomes, or why it cannot. */
export type Outlook = { entry: string; plan: Plan } | { entry: string; reason: string }

/** Plans each entry of a file; two that would get the same name are told apart by the order they stand in. */
export function outlooksOf({ servers }: ClientFile, around: (entry: string) => Surroundings): Outlook[] {
  const taken = new Map<string, string>()
  return Object.entries(servers).map(([entry, given]) => {
    try {
      const plan = planOf(entry, given, around(entry))
      const other = taken.get(plan.deployment)
      if (other !== undefined)
        throw new NotImportable(`"${other}" would get the same name, ${plan.deployment}.`)
      taken.set(plan.deployment, entry)
      return { entry, plan }
    } catch (error) {
      if (error instanceof NotImportable) return { entry, reason: error.message }
      throw error
    }
  })
}
