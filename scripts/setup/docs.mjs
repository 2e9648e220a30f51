import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { keepBuilt } from './built.mjs'
import { root, say, Stop } from './process.mjs'

/** Its pages are made from these: what is written, and the code that some pages are made from. */
const sources = [
  'docs',
  'contracts/src',
  'cli/src',
  'server/src/platform/config.ts',
  'console/public',
  'console/src/styles.css',
  'package-lock.json',
  'scripts/setup/docs.mjs',
]

/** Builds the documentation site into docs/dist unless it is there and made from these very sources. */
export async function buildDocs(node) {
  await keepBuilt(join(root, 'docs/dist'), sources, (folder) => build(node, folder))
}

function build(node, folder) {
  say('building the documentation…')
  const { status, stdout, stderr } = spawnSync(node, [join(root, 'docs/site/build.ts'), folder], {
    cwd: root,
    encoding: 'utf8',
    // Nothing of the caller's environment is in the pages (test runners set BASE_URL), and nobody is told about it.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ASTRO_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status !== 0) throw new Stop(`The documentation cannot be built:\n${stdout}${stderr}`.trim())
}
