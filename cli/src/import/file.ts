import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import {
  type ClientFile,
  JsonFault,
  NoServers,
  NotImportable,
  type Outlook,
  outlooksOf,
  readClientFile,
} from '@berth/contracts'
import { RefusedError, whyUnreadable } from '../core/errors.ts'

/** Reads an MCP client's settings file and plans each entry. */
export function readPlans(path: string): Outlook[] {
  const file = resolve(path)
  const scriptAt = (script: string, cwd = '.') => folderOf(resolve(dirname(file), cwd, script))
  return outlooksOf(read(file), () => ({ scriptAt })).map((outlook) => {
    if ('reason' in outlook) return outlook
    const asking = outlook.plan.secrets.find((one) => one.asks.length > 0)
    if (!asking) return outlook
    const { name, asks } = asking
    return {
      entry: outlook.entry,
      reason: `${name} refers to ${asks[0]}; write the value itself into the file.`,
    }
  })
}

function read(file: string): ClientFile {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new RefusedError(`${file} cannot be read: ${whyUnreadable(error)}.`)
  }
  try {
    return readClientFile(text)
  } catch (error) {
    if (error instanceof JsonFault) throw new RefusedError(`${file} is not valid JSON: ${error.message}.`)
    if (error instanceof NoServers) throw new RefusedError(`${file}: ${error.message}`)
    throw error
  }
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
