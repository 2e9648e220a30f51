import { open, readFile, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { Refusal } from '../../platform/problem.ts'

/** A package's executables as its `bin` field tells them: names with files. */
export function binsOf(name: string, bin: unknown): Record<string, string> {
  if (typeof bin === 'string') return { [name.replace(/^.*\//, '')]: bin }
  if (typeof bin !== 'object' || bin === null) return {}
  const files = Object.entries(bin).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(files)
}

/**
 * Which of a package's executables is meant: the one asked for, the only one, or the one named like the package.
 * Throws `artifact_unavailable` when that cannot be told.
 */
export function chooseBin(name: string, bin: Record<string, string>, asked: string | null): string {
  const names = Object.keys(bin)
  const own = name.replace(/^.*\//, '')
  if (names.length === 0) {
    throw unusable(
      `The npm package ${name} has no executable ("bin"), so there is nothing to start; it may be a library.`,
    )
  }
  if (asked !== null && !names.includes(asked)) {
    throw unusable(`The npm package ${name} has no executable "${asked}"; it has ${names.join(', ')}.`)
  }
  const chosen = asked ?? (names.length === 1 ? names[0]! : names.find((one) => one === own))
  if (chosen !== undefined) return chosen
  throw unusable(
    `The npm package ${name} has several executables (${names.join(', ')}); say which with "bin".`,
  )
}

/**
 * How an installed package is started: `node`, the flags of its first line, and its file, relative to `root`. Throws
 * `artifact_unavailable` when it has no executable that Node runs.
 */
export async function packageEntry(root: string, name: string, asked: string | null): Promise<string[]> {
  const folder = path.join('node_modules', name)
  const { bin } = await packageJson(path.join(root, folder), name)
  const all = binsOf(name, bin)
  const chosen = chooseBin(name, all, asked)
  const file = await fileInside(path.join(root, folder), all[chosen]!)
  if (file === null) throw unusable(`The executable "${chosen}" of ${name} is not a file of the package.`)
  const shebang = await shebangOf(path.join(root, folder, file))
  const flags = nodeFlags(shebang)
  if (flags === null || (shebang === null && !/\.[cm]?js$/.test(file))) {
    throw unusable(
      `The executable "${chosen}" of ${name} is not a Node program${shebang ? ` (it starts with "${shebang}")` : ''}; Berth runs packages with Node only.`,
    )
  }
  return ['node', ...flags, path.posix.join(folder, file)]
}

async function packageJson(folder: string, name: string): Promise<{ bin?: unknown }> {
  try {
    return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as { bin?: unknown }
  } catch (error) {
    const fault = (error as Error).message
    throw unusable(`The package.json of ${name} in ${folder} cannot be read: ${fault}`)
  }
}

/** The path of an existing file, relative to its folder; null when it is none or lies elsewhere. */
export async function fileInside(folder: string, name: string): Promise<string | null> {
  const file = path.resolve(folder, name)
  if (!file.startsWith(folder + path.sep)) return null
  try {
    const real = await realpath(file)
    if (!real.startsWith((await realpath(folder)) + path.sep) || !(await stat(real)).isFile()) return null
  } catch {
    return null
  }
  return path.relative(folder, file)
}

/** The first line of a script with its `#!`; null without one. */
export async function shebangOf(file: string): Promise<string | null> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0)
    const line = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/)[0]!
    return line.startsWith('#!') ? line : null
  } finally {
    await handle.close()
  }
}

/** The flags that a first line gives to Node; null when it names another program. */
export function nodeFlags(shebang: string | null): string[] | null {
  if (shebang === null) return []
  const words = shebang.slice(2).trim().split(/\s+/)
  const rest = /(?:^|\/)env$/.test(words[0]!) ? words.slice(1).filter((word) => word !== '-S') : words
  return /(?:^|\/)node(?:js)?$/.test(rest[0] ?? '') ? rest.slice(1) : null
}

const unusable = (sentence: string) => new Refusal('artifact_unavailable', sentence)
