import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { constants as os } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Ends a command with a sentence for the person at the terminal, without a stack trace. */
export class Stop extends Error {}

/** Tells the person at the terminal. On stderr: standard output belongs to what a command answers. */
export function say(message) {
  process.stderr.write(`berth: ${message}\n`)
}

/** The path of a program on PATH (or of a path given), or null. */
export function which(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const candidates = name.includes('/') ? [name] : folders.filter(Boolean).map((folder) => join(folder, name))
  return candidates.find(isExecutable) ?? null
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * Runs a program with our output and waits for it. Returns its exit code, or 128 + the number of the signal that ended it.
 *
 * It gets a process group of its own, so that Ctrl-C reaches it once (from here) instead of twice.
 */
export async function runInFront(command, args, env = process.env) {
  const child = spawn(command, args, {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
  const forward = (signal) => child.kill(signal)
  for (const signal of forwarded) process.on(signal, forward)
  const watch = whenAbandoned(() => child.kill('SIGTERM'))
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? 128 + os.signals[signal]))
    })
  } finally {
    clearInterval(watch)
    for (const signal of forwarded) process.off(signal, forward)
  }
}

/** Calls `end` once the npm that has started us is gone: a kill -9 of it cannot be passed on. */
function whenAbandoned(end) {
  if (!process.env.npm_lifecycle_event) return undefined
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    end()
  }, 500)
  return watch
}
