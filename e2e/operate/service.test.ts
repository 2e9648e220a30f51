import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { which } from '../../scripts/setup/process.mjs'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/port.ts'
import { repository } from './support.ts'

const unit = readFileSync(path.join(repository, 'deploy/berth.service'), 'utf8')

/** All values of a setting of the unit. */
const valuesOf = (name: string): string[] =>
  unit.split('\n').flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'berth-service-'))
  chmodSync(folder, 0o755)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.skipIf(!which('systemd-analyze'))('systemd finds nothing wrong with the unit of deploy/', () => {
  const file = path.join(folder, 'berth.service')
  writeFileSync(file, unit.replaceAll('/opt/berth', repository))
  const { stdout, stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
    encoding: 'utf8',
  })
  expect(stdout + stderr).toBe('')
  expect(status).toBe(0)
})

/** Whether this machine lets us put a process where the unit puts it. */
const canConfine =
  process.getuid?.() === 0 &&
  which('setpriv') !== null &&
  spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/opt']).status === 0

/**
 * Without a systemd that could start it: the unit's own command line, in its folders, with its environment, as a user
 * without rights who can gain none, on a file system of which only the data can be written.
 */
test.skipIf(!canConfine)(
  'what the unit says starts Berth, and its way of stopping ends all of it',
  async () => {
    const state = path.join(folder, 'state')
    mkdirSync(state)
    chownSync(state, 65534, 65534)
    const port = await freePort()
    const script = `
    mount -t tmpfs none /opt && mkdir /opt/berth && mount --bind ${repository} /opt/berth
    mount -t tmpfs none /var/lib && mkdir /var/lib/berth && mount --bind ${state} /var/lib/berth
    mount --bind /opt/berth /opt/berth && mount -o remount,bind,ro /opt/berth
    cd ${valuesOf('WorkingDirectory')[0]}
    umask ${valuesOf('UMask')[0]}
    exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all ${valuesOf('ExecStart')[0]}`
    const environment = Object.fromEntries(
      valuesOf('Environment').map((one) => one.split(/=(.*)/s).slice(0, 2)),
    )
    const child = spawn('unshare', ['--mount', 'sh', '-ec', script], {
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        ...environment,
        BERTH_PORT: String(port),
        BERTH_LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const exited = once(child, 'exit')
    let over = false
    void exited.then(() => (over = true))
    try {
      await eventually('it is ready', async () => {
        if (over) throw new Error(`it ended: ${said}`)
        const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null)
        return answer?.ok ? true : null
      })
      expect(readdirSync(state)).toEqual(['data'])
      expect(valuesOf('KillMode')).toEqual(['mixed']) // SIGTERM to the main process alone
      const family = familyOf(child.pid!)
      expect(family.length, 'PostgreSQL runs with it').toBeGreaterThan(3)
      child.kill('SIGTERM')
      expect(await exited).toEqual([0, null])
      expect(family.filter(isAlive)).toEqual([])
    } finally {
      if (!over) for (const pid of familyOf(child.pid!)) process.kill(pid, 'SIGKILL')
    }
  },
)

/** A process and all that it has started. */
function familyOf(pid: number): number[] {
  const children = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
  return [pid, ...children.flatMap(([child]) => familyOf(child!))]
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('the files of deploy/ hold no secret, and name files that are there', () => {
  for (const name of readdirSync(path.join(repository, 'deploy'))) {
    const text = readFileSync(path.join(repository, 'deploy', name), 'utf8')
    expect(text).not.toMatch(/(?:password|secret_key)\s*[:=]\s*[A-Za-z0-9+/]{8,}/i)
    for (const [, file] of text.matchAll(/\/opt\/berth\/((?:server|docs|deploy)\/\S+?\.(?:ts|md))/g))
      expect(readFileSync(path.join(repository, file!), 'utf8')).not.toBe('')
  }
})
