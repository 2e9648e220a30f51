import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { RefusedError } from '../core/errors.ts'
import { JsonFault, readJson } from '../core/jsonc.ts'
import { NotImportable, planOf, type Plan } from './entry.ts'

/** One entry of a file: what it becomes, or why it cannot. */
export type Outlook = { entry: string; plan: Plan } | { entry: string; reason: string }

/** Reads an mcp.json, claude_desktop_config.json or VS Code's mcp.json (or settings.json) and plans each entry. */
export function readPlans(path: string): Outlook[] {
  const file = resolve(path)
  const servers = serversIn(file)
  const around = { folder: dirname(file), folderOf }
  const taken = new Map<string, string>()
  return Object.entries(servers).map(([entry, given]) => {
    try {
      const plan = planOf(entry, given, around)
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

function serversIn(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new RefusedError(`${file} cannot be read: ${(error as Error).message}`)
  }
  try {
    const root = readJson(text).value as Record<string, unknown> | null
    const inSettings = root?.['mcp'] as Record<string, unknown> | undefined
    const servers = root?.['mcpServers'] ?? root?.['servers'] ?? inSettings?.['servers']
    if (typeof servers === 'object' && servers !== null && !Array.isArray(servers)) {
      return servers as Record<string, unknown>
    }
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    throw new RefusedError(`${file} is not valid JSON: ${error.message}.`)
  }
  throw new RefusedError(
    `${file} has neither "mcpServers" nor "servers". Is it an MCP client's settings file?`,
  )
}

/** The nearest folder above a script that has a package.json, else the one it stands in. */
function folderOf(script: string): { folder: string; script: string } {
  if (!existsSync(script) || !statSync(script).isFile())
    throw new NotImportable(`there is no file ${script}.`)
  const own = dirname(script)
  for (let folder = own; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return { folder, script: relative(folder, script) }
    if (folder === dirname(folder)) return { folder: own, script: relative(own, script) }
  }
}
