import { spawn } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { exclusively } from './lock.mjs'
import { root, say, Stop, which } from './process.mjs'

/**
 * Installs the dependencies exactly as package-lock.json says, without running their install scripts, unless they are
 * there already. Stops with a sentence when they cannot be installed.
 */
export async function installDependencies() {
  if (!areInstalled()) {
    await exclusively(async () => {
      if (!areInstalled()) await install()
    })
  }
  markReady()
}

/**
 * Whether node_modules holds what the lock file lists. npm writes down what it has installed in a lock file of its own,
 * last, so an interrupted installation does not count as one. Packages for other machines are optional and may be absent.
 */
export function areInstalled(folder = root) {
  const wanted = packagesOf(join(folder, 'package-lock.json'))
  const found = packagesOf(join(folder, 'node_modules/.package-lock.json'))
  if (!wanted) throw new Stop(`${folder} has no package-lock.json: it is not a complete checkout.`)
  if (!found) return false
  return Object.entries(wanted).every(
    ([path, entry]) => entry.optional || !isPackage(path, entry) || found[path]?.version === entry.version,
  )
}

/** The root and the workspaces are in the lock file too; they are no packages to install. */
function isPackage(path, entry) {
  return path.includes('node_modules/') && !entry.link
}

function packagesOf(lockFile) {
  if (!existsSync(lockFile)) return null
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages
}

/** Shorter pauses than npm's own between attempts: somebody without a network waits seconds for the answer, not a minute. */
const patience = ['--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=8000']
const installation = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...patience]

async function install() {
  say(
    `installing dependencies (${existsSync(join(root, 'node_modules')) ? 'some are new' : 'first run'}, about a minute)…`,
  )
  const started = Date.now()
  const { code, output } = await npm(installation)
  if (code !== 0) throw new Stop(explain(output))
  linkNode()
  say(`dependencies installed in ${Math.round((Date.now() - started) / 1000)} s`)
}

/** Services start Berth with node_modules/.bin/node. npm 9, which Debian 13 has, makes no such link. */
function linkNode() {
  const node = `node-${process.platform}-${process.arch}/bin/node`
  const link = join(root, 'node_modules/.bin/node')
  if (existsSync(join(root, 'node_modules', node)) && !existsSync(link)) symlinkSync(join('..', node), link)
}

function npm(args) {
  // `npm start` tells where its own npm is; else take the one on PATH.
  const own = process.env.npm_execpath
  const path = which('npm')
  const [command, first] = own && basename(own) === 'npm-cli.js' ? [process.execPath, [own]] : [path, []]
  if (!command)
    throw new Stop(
      'npm is not installed, and Berth installs its dependencies with it. It comes with Node: https://nodejs.org',
    )
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

/** Turns npm's pages of output into a sentence, with npm's own last words where the cause is not a known one. */
export function explain(output) {
  const code =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/.exec(
      output,
    )?.[1]
  if (code) {
    return `The npm registry cannot be reached (${code}), and the dependencies are not all here yet. Check the network or npm's proxy and registry settings, then run this again.`
  }
  if (/\b(EACCES|EROFS|EPERM)\b/.test(output)) {
    return `The dependencies cannot be installed: ${root} is not writable for this user. Run this as the user that owns the checkout.`
  }
  if (/\bENOSPC\b/.test(output))
    return `The dependencies cannot be installed: the disk of ${root} is full. They take about 1 GB.`
  const untrusted = /\b(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|DEPTH_ZERO_SELF_SIGNED_CERT)\b/.exec(
    output,
  )?.[1]
  if (untrusted)
    return `The certificate of the npm registry is not trusted (${untrusted}). Where a proxy opens TLS, name a file with its certificates in NODE_EXTRA_CA_CERTS, then run this again.`
  const words = output.split('\n').filter((line) => /^npm (?:error|ERR!) .*\S/.test(line)) // ERR!: npm 9 and older
  return `npm could not install the dependencies:\n${words.slice(0, 10).join('\n')}`
}

/** ./mcpctl looks at this file's age alone, since it must start fast. */
function markReady() {
  try {
    writeFileSync(join(root, 'node_modules/.berth-ready'), '')
  } catch {
    // A read-only checkout: ./mcpctl then checks more thoroughly each time.
  }
}
