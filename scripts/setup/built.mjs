import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exclusively } from './lock.mjs'
import { root } from './process.mjs'

/** What is itself made, and not to be looked at when telling whether to make it again. */
const made = new Set(['node_modules', 'dist', 'dist.next', '.astro', 'content', 'tokens.css'])

/**
 * Makes a folder from sources unless it is there and made from these very sources: `make` fills the folder it is given.
 * Two runs at once make it once, and who uses it sees either the old one or the new one, whole.
 */
export async function keepBuilt(folder, sources, make) {
  const wanted = hashOf(sources)
  if (builtFrom(folder) === wanted) return
  await exclusively(async () => {
    if (builtFrom(folder) === wanted) return
    const next = `${folder}.next`
    rmSync(next, { recursive: true, force: true })
    make(next)
    writeFileSync(join(next, '.built-from'), wanted)
    rmSync(folder, { recursive: true, force: true })
    renameSync(next, folder)
  })
}

function builtFrom(folder) {
  const file = join(folder, '.built-from')
  return existsSync(file) ? readFileSync(file, 'utf8') : null
}

/** A digest of the names and contents of files and of everything in folders, but of what is itself made. */
function hashOf(paths) {
  const hash = createHash('sha256')
  const add = (path) => {
    if (statSync(join(root, path)).isDirectory()) {
      const names = readdirSync(join(root, path)).filter((name) => !made.has(name))
      for (const name of names.sort()) add(`${path}/${name}`)
    } else {
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(root, path)))
        .update('\0')
    }
  }
  for (const path of paths) add(path)
  return hash.digest('hex')
}
