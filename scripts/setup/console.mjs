import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { keepBuilt } from './built.mjs'
import { root, say, Stop } from './process.mjs'

const sources = ['console', 'contracts', 'package-lock.json', 'scripts/setup/console.mjs']

/** Builds the console's pages into console/dist unless they are there and made from these very sources. */
export async function buildConsole(node) {
  await keepBuilt(join(root, 'console/dist'), sources, (folder) => build(node, folder))
}

function build(node, folder) {
  say('building the console…')
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const args = [
    vite,
    'build',
    join(root, 'console'),
    '--outDir',
    folder,
    '--emptyOutDir',
    '--logLevel',
    'warn',
  ]
  const { status, stdout, stderr } = spawnSync(node, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status !== 0) throw new Stop(`The console cannot be built:\n${stdout}${stderr}`.trim())
}
