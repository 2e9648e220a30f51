import { type ClientFile, JsonFault, NoServers, NotImportable, readClientFile } from '@berth/contracts'

/** Larger than any settings file of a client. */
const largest = 1024 * 1024

/** A settings file as it was read, or the sentence why it cannot be. */
export function readText(name: string, text: string): { file: ClientFile } | { fault: string } {
  if (text.trim() === '') return { fault: `${name} is empty.` }
  if (text.length > largest)
    return { fault: `${name} is larger than 1 MB; that is no client's settings file.` }
  try {
    return { file: readClientFile(text) }
  } catch (error) {
    if (error instanceof JsonFault) return { fault: `${name} is not valid JSON: ${error.message}.` }
    if (error instanceof NoServers) return { fault: `${name} cannot be used: ${error.message}` }
    throw error
  }
}

/** Folders that a package keeps its scripts in, and is itself the folder above. */
const innerFolders = new Set(['bin', 'build', 'dist', 'lib', 'out', 'src'])

/** The folders a script lies in, the innermost first; the root is none to take. */
export function foldersAbove(script: string): string[] {
  const parts = script.split('/').slice(1, -1)
  return parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`)
}

/**
 * Finds a script on Berth's machine, which this page cannot look at: `base` is the folder of the file, `chosen` the one
 * to take, if somebody chose it. Throws NotImportable where it cannot be told.
 */
export function placeScript(script: string, cwd: string | undefined, base: string, chosen?: string) {
  if (/^[A-Za-z]:|\\/.test(script)) {
    throw new NotImportable(`${script} is a path of Windows; a script must lie on Berth's own machine.`)
  }
  const path = normal([base, cwd ?? '', script])
  if (!path) {
    throw new NotImportable(`its path ${script} is relative; give the folder of the file on Berth's machine.`)
  }
  const folders = foldersAbove(path)
  const [own, above] = folders
  if (!own) throw new NotImportable(`${path} lies in no folder of its own.`)
  const likely = innerFolders.has(own.split('/').at(-1)!) && above ? above : own
  const folder = chosen !== undefined && folders.includes(chosen) ? chosen : likely
  return { folder, script: path.slice(folder.length + 1) }
}

/** One absolute path of several parts, each taken from where the last one leads; undefined where none is absolute. */
function normal(parts: string[]): string | undefined {
  const from = parts.findLastIndex((part) => part.startsWith('/'))
  if (from < 0) return undefined
  const kept: string[] = []
  for (const word of parts.slice(from).join('/').split('/')) {
    if (word === '..') kept.pop()
    else if (word && word !== '.') kept.push(word)
  }
  return `/${kept.join('/')}`
}
