/** The contents of a folder as one canonical text, whose SHA-256 is the folder's digest. */
import { createHash, hash } from 'node:crypto'
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Dirent,
} from 'node:fs'
import path from 'node:path'

const maxEntries = 200_000
const wholeBytes = 4 * 1024 * 1024

/** Why a folder cannot be an artifact, as a sentence. */
export class TreeFault extends Error {
  override readonly name = 'TreeFault'
}

/**
 * Lists everything under `root`, sorted by path, one line each: `d "path"`, `f <sha256> "path"`, `x <sha256> "path"` for
 * what may be executed, `l "target" "path"`. Leaves out entries whose name is in `ignore`, at any depth. Synchronous: meant
 * for a worker thread. Throws TreeFault for links that leave the folder and for what is neither file, folder nor link.
 */
export function listTree(root: string, ignore: readonly string[] = []): string {
  const real = realpathSync.native(root)
  const lines: { path: string; line: string }[] = []
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(path.join(real, folder), { withFileTypes: true })) {
      if (ignore.includes(entry.name)) continue
      const name = folder ? `${folder}/${entry.name}` : entry.name
      lines.push({ path: name, line: lineOf(real, name, entry) })
      if (entry.isDirectory()) folders.push(name)
    }
    if (lines.length > maxEntries) {
      throw new TreeFault(
        `The folder holds more than ${maxEntries} files; choose the folder of the server alone.`,
      )
    }
  }
  lines.sort((a, b) => (a.path < b.path ? -1 : 1))
  return lines.map(({ line }) => `${line}\n`).join('')
}

function lineOf(root: string, name: string, entry: Dirent): string {
  const shown = JSON.stringify(name)
  const file = path.join(root, name)
  if (entry.isDirectory()) return `d ${shown}`
  if (entry.isSymbolicLink()) return `l ${JSON.stringify(targetOf(root, name))} ${shown}`
  if (!entry.isFile()) throw new TreeFault(`${shown} is neither a file, a folder nor a link.`)
  const stats = lstatSync(file)
  return `${stats.mode & 0o111 ? 'x' : 'f'} ${hashOf(file, stats.size)} ${shown}`
}

function targetOf(root: string, name: string): string {
  const target = readlinkSync(path.join(root, name))
  const lexical = path.resolve(root, path.dirname(name), target)
  const inside = (where: string) => where === root || where.startsWith(root + path.sep)
  if (path.isAbsolute(target) || !inside(lexical) || !inside(realOr(path.join(root, name), lexical))) {
    throw new TreeFault(
      `The link ${JSON.stringify(name)} leads out of the folder, to ${JSON.stringify(target)}.`,
    )
  }
  return target
}

function realOr(file: string, otherwise: string): string {
  try {
    return realpathSync.native(file) // follows links one by one, as the system does
  } catch {
    return otherwise // it leads to nothing
  }
}

function hashOf(file: string, size: number): string {
  if (size <= wholeBytes) return hash('sha256', readFileSync(file), 'hex')
  const sum = createHash('sha256')
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  const descriptor = openSync(file, 'r')
  try {
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer)) {
      sum.update(buffer.subarray(0, read))
    }
  } finally {
    closeSync(descriptor)
  }
  return sum.digest('hex')
}

export interface TreeDifference {
  path: string
  change: 'changed' | 'added' | 'missing'
}

/** Where the second listing differs from the first, by path. */
export function compareTrees(expected: string, actual: string): TreeDifference[] {
  const before = entriesOf(expected)
  const after = entriesOf(actual)
  const gone = [...before.keys()]
    .filter((name) => !after.has(name))
    .map((name): TreeDifference => ({ path: name, change: 'missing' }))
  const others = [...after].flatMap(([name, line]): TreeDifference[] => {
    const previous = before.get(name)
    if (previous === line) return []
    return [{ path: name, change: previous === undefined ? 'added' : 'changed' }]
  })
  return [...gone, ...others].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function entriesOf(listing: string): Map<string, string> {
  return new Map(
    listing
      .split('\n')
      .filter(Boolean)
      .map((line) => [JSON.parse(/"(?:[^"\\]|\\.)*"$/.exec(line)![0]) as string, line]),
  )
}
