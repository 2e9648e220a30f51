import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exclusively } from './lock.mjs'
import { root, say, Stop } from './process.mjs'

const sources = ['console', 'contracts', 'package-lock.json', 'scripts/setup/console.mjs']
const dist = join(root, 'console/dist')

/** Builds the console's pages into console/dist unless they are there and made from these very sources. */
export async function buildConsole(node) {
  const wanted = hashOf(sources)
  if (builtFrom() === wanted) return
  await exclusively(async () => {
    if (builtFrom() !== wanted) build(node, wanted)
  })
}

function builtFrom() {
  const file = join(dist, '.built-from')
  return existsSync(file) ? readFileSync(file, 'utf8') : null
}

function build(node, hash) {
  say('building the console…')
  const next = `${dist}.next`
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', join(root, 'console'), '--outDir', next, '--emptyOutDir', '--logLevel', 'warn']
  const { status, stdout, stderr } = spawnSync(node, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status !== 0) throw new Stop(`The console cannot be built:\n${stdout}${stderr}`.trim())
  writeFileSync(join(next, '.built-from'), hash)
  // A server that runs from this checkout sees either the old pages or the new ones.
  rmSync(dist, { recursive: true, force: true })
  renameSync(next, dist)
}

/** A digest of the names and contents of files and of everything in folders, but of what is itself made. */
function hashOf(paths) {
  const hash = createHash('sha256')
  const add = (path) => {
    if (statSync(join(root, path)).isDirectory()) {
      const names = readdirSync(join(root, path)).filter(
        (name) => !['node_modules', 'dist', 'dist.next'].includes(name),
      )
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
