/** What this host can enforce on a hosted server, found by trying it, and told in sentences. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { bubblewrapOptions, encodeOptions } from './bubblewrap.ts'
import { findCgroups, type CgroupLayout, type Controller } from './cgroup-layout.ts'
import { findProgram, hostPath, inside, programMounts, type ReadOnlyMount } from './host-files.ts'
import { seccompFilter } from './seccomp.ts'

export interface Finding {
  subject: 'sandbox' | 'seccomp' | 'memory' | 'pids' | 'cpu'
  level: 'good' | 'weaker' | 'missing'
  sentence: string
}

export interface Bubblewrap {
  path: string
  version: string
  disableUserns: boolean
}

export interface Capabilities {
  /** Present and shown to work just now; null otherwise (the findings say why). */
  bubblewrap: Bubblewrap | null
  seccomp: boolean
  cgroups: CgroupLayout
  /** The `prlimit` program, for limits where no control group can be written. */
  prlimit: string | null
  /** Node, its libraries and prlimit, as the sandbox mounts them. */
  runtimeMounts: ReadOnlyMount[]
  findings: Finding[]
}

/**
 * Tries the sandbox once with the real options and looks for control groups. On version 2 this may move the runner into
 * a leaf of its own group (see findCgroups). Takes about 50 ms; call it once at start. Never throws.
 */
export async function detectCapabilities(): Promise<Capabilities> {
  const prlimit = findProgram('prlimit')
  const cgroups = findCgroups()
  const filter = seccompFilter(process.arch)
  const attempt = await trySandbox(prlimit, filter)
  return {
    bubblewrap: attempt.bubblewrap,
    seccomp: filter !== null,
    cgroups,
    prlimit,
    runtimeMounts: attempt.mounts,
    findings: [
      sandboxFinding(attempt),
      seccompFinding(filter !== null),
      ...(['memory', 'pids', 'cpu'] as const).map((name) => limitFinding(name, cgroups, prlimit)),
    ],
  }
}

/** The same as others are told of it. */
export const toldCapabilities = ({ findings }: Capabilities) =>
  findings.map(({ subject, level, sentence }) => ({ name: subject, ok: level === 'good', sentence }))

interface Attempt {
  bubblewrap: Bubblewrap | null
  mounts: ReadOnlyMount[]
  problem: string | null
}

async function trySandbox(prlimit: string | null, filter: Buffer | null): Promise<Attempt> {
  if (process.platform !== 'linux') return failed('the sandbox needs Linux')
  const path = findProgram('bwrap')
  if (path === null) return failed('bubblewrap is not installed (Debian, Ubuntu: apt-get install bubblewrap)')
  try {
    const [version, help] = await Promise.all([output(path, ['--version']), output(path, ['--help'])])
    const bubblewrap: Bubblewrap = {
      path,
      version: version.trim().replace(/^bubblewrap /, ''),
      disableUserns: help.includes('--disable-userns'),
    }
    const mounts = distinct([
      ...programMounts(process.execPath, inside.node),
      ...(prlimit === null ? [] : programMounts(prlimit, inside.prlimit)),
    ])
    const problem = await runInside(bubblewrap, mounts, filter)
    return problem === null ? { bubblewrap, mounts, problem } : failed(problem)
  } catch (error) {
    return failed((error as Error).message)
  }
}

function failed(problem: string): Attempt {
  return { bubblewrap: null, mounts: [], problem }
}

/** Runs `node --version` in the full sandbox; null when it answers, else what bubblewrap said. */
async function runInside(
  bubblewrap: Bubblewrap,
  mounts: ReadOnlyMount[],
  filter: Buffer | null,
): Promise<string | null> {
  const stateDir = mkdtempSync(join(tmpdir(), 'berth-sandbox-'))
  try {
    const options = bubblewrapOptions({
      mounts,
      stateDir,
      env: {},
      cwd: '/',
      tmpMb: 1,
      disableUserns: bubblewrap.disableUserns,
      seccompFd: filter && 4,
    })
    const child = spawn(bubblewrap.path, ['--args', '3', '--', inside.node, '--version'], {
      env: {},
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      timeout: 10_000,
      killSignal: 'SIGKILL',
    })
    const exited = new Promise<void>((resolve) => {
      child.on('error', () => resolve())
      child.on('close', () => resolve())
    })
    for (const [fd, bytes] of [encodeOptions(options), filter ?? Buffer.alloc(0)].entries()) {
      const pipe = child.stdio[fd + 3] as NodeJS.WritableStream
      pipe.on('error', () => {})
      pipe.end(bytes)
    }
    const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!), exited])
    return stdout.trim() === process.version ? null : stderr.trim() || 'it ended without an answer'
  } finally {
    rmSync(stateDir, { recursive: true, force: true })
  }
}

async function output(program: string, args: string[]): Promise<string> {
  const child = spawn(program, args, { env: { PATH: hostPath }, stdio: ['ignore', 'pipe', 'pipe'] })
  child.on('error', () => {})
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return stdout + stderr
}

function distinct(mounts: ReadOnlyMount[]): ReadOnlyMount[] {
  return [...new Map(mounts.map((mount) => [mount.target, mount])).values()]
}

function sandboxFinding({ bubblewrap, problem }: Attempt): Finding {
  if (bubblewrap !== null) {
    const sentence = `Servers run in a bubblewrap ${bubblewrap.version} sandbox.`
    return { subject: 'sandbox', level: 'good', sentence }
  }
  const denied = /uid map|No permissions|Operation not permitted|Permission denied/.test(problem ?? '')
  const hint = denied
    ? ' This host does not let us create user namespaces: allow them (kernel.unprivileged_userns_clone, ' +
      'kernel.apparmor_restrict_unprivileged_userns), or the container that Berth runs in must allow them.'
    : ''
  return {
    subject: 'sandbox',
    level: 'missing',
    sentence: `Servers run without a sandbox, and tiers that require one refuse them: ${problem}.${hint}`,
  }
}

function seccompFinding(present: boolean): Finding {
  return present
    ? { subject: 'seccomp', level: 'good', sentence: 'Sandboxed servers run under a system call filter.' }
    : {
        subject: 'seccomp',
        level: 'missing',
        sentence: `There is no system call filter for this processor (${process.arch}); the sandbox runs without one.`,
      }
}

const words = { memory: 'Memory', pids: 'The number of processes', cpu: 'CPU time' } as const

function limitFinding(
  name: 'memory' | 'pids' | 'cpu',
  cgroups: CgroupLayout,
  prlimit: string | null,
): Finding {
  const level = limitLevel(name, cgroups, prlimit)
  const [word, hint] = [words[name], 'run Berth as root or in a delegated systemd service (Delegate=yes)']
  if (level === 'prlimit') {
    const scope =
      name === 'memory' ? 'for each process, not for a server as a whole' : 'where Berth is not root'
    return {
      subject: name,
      level: 'weaker',
      sentence: `${word} is limited by prlimit only, ${scope}; to improve this, ${hint}.`,
    }
  }
  if (level === 'none') {
    return {
      subject: name,
      level: 'missing',
      sentence: `${word} is not limited: no control group is writable; ${hint}.`,
    }
  }
  const version = level === 'cgroup-v2' ? '2' : '1'
  return {
    subject: name,
    level: 'good',
    sentence: `${word} is limited by control groups, version ${version}.`,
  }
}

/** What will hold a limit on this host. prlimit counts root's processes without ever refusing one. */
export function limitLevel(
  name: Controller,
  cgroups: CgroupLayout,
  prlimit: string | null,
): 'cgroup-v2' | 'cgroup-v1' | 'prlimit' | 'none' {
  if (cgroups.v2?.controllers.includes(name)) return 'cgroup-v2'
  if (cgroups.v1[name] !== undefined) return 'cgroup-v1'
  const byPrlimit = name === 'memory' || (name === 'pids' && process.getuid?.() !== 0)
  return prlimit !== null && byPrlimit ? 'prlimit' : 'none'
}
