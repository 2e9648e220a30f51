import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Artifact } from '@berth/contracts'
import { Refusal } from '../../platform/problem.ts'
import { fileInside, nodeFlags, shebangOf } from '../npm/entry.ts'
import { readTree, type Tree } from './read-tree.ts'
import { TreeFault } from './tree.ts'

export type LocalArtifact = Extract<Artifact, { kind: 'local' }>

/** Version control is no part of what runs, and changes by itself. */
const ignored = ['.git']

/** The folder as a hashed tree. Throws `artifact_unavailable` naming what cannot be part of one. */
export async function localTree({ path: folder }: LocalArtifact): Promise<Tree> {
  await mustBeFolder(folder)
  try {
    return await readTree(folder, ignored)
  } catch (error) {
    const fault = (error as Error).message
    const sentence = error instanceof TreeFault ? fault : `The folder ${folder} cannot be read: ${fault}.`
    throw new Refusal('artifact_unavailable', sentence)
  }
}

/**
 * How a local server is started, with paths as they are when its folder is at `mount`. The command starts with `node` and
 * names a file of the folder, or is itself such a file. Throws Refusal.
 */
export async function localCommand(
  { path: folder, command }: LocalArtifact,
  mount: string,
): Promise<string[]> {
  await mustBeFolder(folder)
  const leaving = command.find((word) => path.isAbsolute(word) || word.split(/[/\\]/).includes('..'))
  if (leaving !== undefined) {
    throw wrongCommand(`"${leaving}" leads out of the folder; name files relative to it`)
  }
  const [program = '', ...args] = command
  return program === 'node'
    ? await nodeCommand(folder, args)
    : await fileCommand(folder, program, args, mount)
}

async function nodeCommand(folder: string, args: string[]): Promise<string[]> {
  const files = await Promise.all(
    args.filter((arg) => !arg.startsWith('-')).map((arg) => fileInside(folder, arg)),
  )
  if (files.some(Boolean)) return ['node', ...args]
  const named = args.find((arg) => !arg.startsWith('-'))
  throw wrongCommand(named ? `there is no file "${named}" in ${folder}` : 'it names no file for node to run')
}

async function fileCommand(
  folder: string,
  program: string,
  args: string[],
  mount: string,
): Promise<string[]> {
  const file = await fileInside(folder, program)
  if (file === null) {
    throw wrongCommand(
      `"${program}" is neither node nor a file in ${folder}; a server's sandbox has no other programs`,
    )
  }
  const inside = path.posix.join(mount, file)
  const shebang = await shebangOf(path.join(folder, file))
  const flags = nodeFlags(shebang)
  if (shebang !== null && flags !== null) return ['node', ...flags, inside, ...args]
  if (shebang === null && (await isProgram(path.join(folder, file)))) return [inside, ...args]
  throw wrongCommand(
    shebang === null
      ? `"${program}" is not a program; start it with node if it is a script`
      : `"${program}" starts with "${shebang}"; a server's sandbox has node and no other programs`,
  )
}

/** Whether a file is an executable binary. */
async function isProgram(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return buffer.toString('latin1') === '\x7fELF' && ((await handle.stat()).mode & 0o111) !== 0
  } finally {
    await handle.close()
  }
}

async function mustBeFolder(folder: string): Promise<void> {
  const fault = await folderFault(folder)
  if (fault === null) return
  throw new Refusal('artifact_unavailable', fault, { errors: [{ path: 'artifact.path', message: fault }] })
}

async function folderFault(folder: string): Promise<string | null> {
  const normal = path.normalize(folder).replace(/(.)\/$/, '$1')
  if (!path.isAbsolute(folder)) return `"${folder}" is not an absolute path.`
  if (normal !== folder.replace(/(.)\/$/, '$1'))
    return `"${folder}" is not a plain path; write it as "${normal}".`
  if (normal === '/')
    return 'The root of the machine cannot be a server; choose the folder of the server alone.'
  try {
    return (await stat(folder)).isDirectory() ? null : `"${folder}" is not a folder.`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return `"${folder}" cannot be read by Berth.`
    return `There is no folder "${folder}" on the machine that runs Berth.`
  }
}

function wrongCommand(fault: string): Refusal {
  return new Refusal('artifact_unavailable', `The entry command does not fit: ${fault}.`, {
    errors: [{ path: 'artifact.command', message: fault }],
  })
}
