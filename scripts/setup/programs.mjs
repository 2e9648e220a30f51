import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exclusively } from './lock.mjs'
import { root, say, Stop, which } from './process.mjs'

/**
 * Servers run in bubblewrap's sandbox. Takes the one that is there, else installs it where this can be done (as root, with
 * apt), else says what is missing; whether servers may run without it is the server's decision.
 */
export async function ensureBubblewrap() {
  if (which('bwrap')) return
  if (await aptInstall(['bubblewrap'], () => which('bwrap'))) return
  say(
    'bubblewrap is not installed, so servers run without a sandbox, and tiers that require one refuse to launch. ' +
      'Install it with: sudo apt-get install bubblewrap',
  )
}

/** Tests put Berth behind nginx where there is one; installs it as root, without its service. Without one they are skipped. */
export async function ensureNginx() {
  if (which('nginx')) return
  if (await aptInstall(['nginx'], () => which('nginx'), withoutServices)) return
  say(
    'nginx is not installed, so the tests of the reverse proxy are skipped. Install it with: sudo apt-get install nginx',
  )
}

/**
 * Tests build the container image and start it. Installs podman as root where no engine runs, and debootstrap, which makes the
 * base image where no registry can be reached. Where something is missing, the test is skipped and says what.
 */
export async function ensureContainers() {
  const docker = which('docker')
  const runs = () => which('podman') ?? (docker && run(docker, ['version']).status === 0)
  if (runs() && which('debootstrap')) return
  await aptInstall(
    [...(runs() ? [] : ['podman', 'runc']), 'debootstrap'],
    () => runs() && which('debootstrap'),
  )
}

/** Debian's packages start their services when they are installed, unless this file says no. */
function withoutServices(work) {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync(policy)) return work()
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return work()
  } finally {
    rmSync(policy)
  }
}

/**
 * Tests drive a Chromium. Takes the one that BERTH_CHROMIUM names or that is on PATH, else installs Debian's, else lets
 * Playwright fetch its own. Returns its path, or null for Playwright's. Stops with a sentence when there is none to be had.
 */
export async function ensureChromium(node) {
  const wanted = process.env.BERTH_CHROMIUM
  if (wanted) {
    if (works(wanted)) return wanted
    throw new Stop(`BERTH_CHROMIUM names ${wanted}, which does not run.`)
  }
  const installed = findChromium() ?? (isDebian() ? await aptInstall(['chromium'], findChromium) : null)
  if (!installed) fetchPlaywrights(node)
  return installed
}

/** The path of a Chromium or Chrome on PATH that runs, or null. */
export function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  return names.map(which).find((path) => path && works(path)) ?? null
}

/** Ubuntu's /usr/bin/chromium-browser may be a script that only tells to install the snap. */
function works(path) {
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0
}

/** On Ubuntu the package named chromium is an empty one that points to the snap. */
function isDebian() {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/** As root it brings the system libraries that Chromium needs, too. */
function fetchPlaywrights(node) {
  const cli = join(root, 'node_modules/playwright-core/cli.js')
  const args = [cli, 'install', 'chromium', '--only-shell', ...(isRoot ? ['--with-deps'] : [])]
  const { status, stdout, stderr } = run(node, args)
  if (status === 0) return
  throw new Stop(
    'The browser tests need a Chromium, and none is installed or can be fetched. Install one (sudo apt-get install chromium) ' +
      `or name one with BERTH_CHROMIUM. Playwright's installer said:\n${lastLines(stdout + stderr)}`,
  )
}

const isRoot = process.getuid?.() === 0

/**
 * Installs Debian packages as root and returns what `find` then finds; null where that cannot be done.
 * The package lists are fetched only if they do not serve: they may be missing or old.
 */
async function aptInstall(names, find, around = (work) => work()) {
  if (!isRoot || !which('apt-get')) return null
  return exclusively(() => {
    if (find()) return find() // another run has just done it
    say(`installing ${names.join(', ')}…`)
    const install = ['install', '--yes', '--no-install-recommends', ...names]
    let result = around(() => apt(install))
    if (result.status !== 0) {
      apt(['update'])
      result = around(() => apt(install))
    }
    if (result.status !== 0) say(`apt-get cannot install ${names.join(', ')}:\n${lastLines(result.stderr)}`)
    return find()
  })
}

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], env)
}

function run(command, args, env = process.env) {
  const limits = { timeout: 10 * 60_000, maxBuffer: 64 * 1024 * 1024 }
  return spawnSync(command, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...limits,
  })
}

function lastLines(text) {
  return text.trim().split('\n').slice(-5).join('\n')
}
