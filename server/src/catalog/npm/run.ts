import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { Refusal } from '../../platform/problem.ts'

/** Where npm works: its own cache, below the data directory. */
export interface NpmPlace {
  cacheDir: string
}

export interface NpmFault {
  /** npm's code, such as `E404` or `ECONNREFUSED`. */
  code: string
  summary: string
}

export type NpmAnswer = { ok: true; value: unknown } | { ok: false; fault: NpmFault }

const maxOutput = 8 * 1024 * 1024

/**
 * What of our environment npm may see: how to reach the network and the registry, as the machine's owner has set it.
 * Everything else (the scripts' variables of an `npm start` around us, our own settings and secrets) stays here.
 */
const passed =
  /^(?:path|https?_proxy|no_proxy|all_proxy|node_extra_ca_certs|ssl_cert_(?:file|dir)|npm_config_(?:.*registry|userconfig|globalconfig|cafile|ca|strict[-_]ssl|proxy|https[-_]proxy|noproxy))$/i

function environment(place: NpmPlace): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && passed.test(entry[0]),
  )
  return {
    ...Object.fromEntries(kept),
    HOME: homedir(),
    npm_config_cache: place.cacheDir,
  }
}

const always = [
  '--json',
  '--loglevel=error',
  '--logs-max=0',
  '--no-update-notifier',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--fetch-timeout=30000',
  '--fetch-retries=2',
  '--fetch-retry-mintimeout=250',
  '--fetch-retry-maxtimeout=2000',
]

/** Ends npm with all that it started when our end of its standard input closes, however this process ends. */
const guarded = `
  exec 3<&0
  npm "$@" < /dev/null 3<&- &
  npm=$!
  { read -r _ <&3; kill -9 -$$; } > /dev/null 2>&1 &
  guard=$!
  wait $npm
  code=$?
  kill -9 $guard 2> /dev/null
  exit $code`

const notFound = 127

interface RunningNpm {
  cacheDir: string
  stop(): Promise<void>
}

/** The npms that run now. */
const running = new Set<RunningNpm>()

/** Ends the npms that work in a place, and waits until they are gone; what waits for them gets `unavailable`. */
export async function stopNpm({ cacheDir }: NpmPlace): Promise<void> {
  await Promise.all([...running].filter((npm) => npm.cacheDir === cacheDir).map((npm) => npm.stop()))
}

/**
 * Runs npm with what it prints as JSON. No script of any package runs, and dependencies on git repositories cannot be
 * fetched: preparing one would run its scripts. Throws Refusal when npm is missing or takes longer than `timeoutMs`.
 */
export async function runNpm(
  place: NpmPlace,
  cwd: string,
  args: string[],
  timeoutMs: number,
): Promise<NpmAnswer> {
  const [command = '', ...rest] = args
  const words = [command, ...always, '--git=berth-runs-no-git', ...rest]
  const child = spawn('/bin/sh', ['-c', guarded, 'sh', ...words], {
    cwd,
    env: environment(place),
    stdio: 'pipe',
    detached: true, // a process group of its own, which the guard ends
  })
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  let stopped = false
  const entry: RunningNpm = {
    cacheDir: place.cacheDir,
    stop: async () => {
      stopped = true
      child.stdin.destroy()
      await closed.catch(() => null)
    },
  }
  running.add(entry)
  let stdout = ''
  let stderr = ''
  child.stdin.on('error', () => undefined)
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < maxOutput) stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < 64 * 1024) stderr += text
  })
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.stdin.destroy()
  }, timeoutMs)
  const code = await closed.finally(() => {
    clearTimeout(timer)
    running.delete(entry)
  })
  if (stopped) throw new Refusal('unavailable', 'Berth stopped while npm was at work; it is tried again.')
  if (late) {
    throw new Refusal(
      'unavailable',
      `npm did not finish within ${Math.round(timeoutMs / 1000)} seconds; check the machine's network and try again.`,
    )
  }
  if (code === notFound) {
    throw new Refusal(
      'unavailable',
      'npm is not on the PATH of this machine; install Node.js with npm to run servers from npm.',
    )
  }
  return answerOf(code, stdout, stderr)
}

function answerOf(code: number | null, stdout: string, stderr: string): NpmAnswer {
  const value = jsonIn(stdout)
  const error = (value as { error?: Partial<NpmFault> } | null | undefined)?.error
  if (code === 0 && !error) return { ok: true, value }
  const said = stderr
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!)\s*(?:code\s+)?/, '').trim())
    .filter((line) => line && !/complete log of this run/i.test(line))
  const named = /code (E[A-Z0-9]+)/.exec(stderr)?.[1]
  return {
    ok: false,
    fault: {
      code: error?.code ?? named ?? `EXIT${code ?? ''}`,
      summary: error?.summary || said[1] || said[0] || 'it gave no reason',
    },
  }
}

function jsonIn(text: string): unknown {
  try {
    return text.trim() ? JSON.parse(text) : null
  } catch {
    return null
  }
}

/** A folder that is a project of its own, so that npm looks at no other above it. */
export async function projectFolder(folder: string, manifest: Record<string, unknown> = {}): Promise<void> {
  await mkdir(folder, { recursive: true })
  const text = JSON.stringify({ name: 'berth-artifact', version: '0.0.0', private: true, ...manifest })
  await writeFile(path.join(folder, 'package.json'), text)
}

const unreachable =
  /^(?:ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ERR_SSL|CERT_|SELF_SIGNED|UNABLE_TO|DEPTH_ZERO|FETCH_ERROR|ENOTCACHED|E5\d\d|E429)/

/** npm's fault as a refusal with a sentence; `what` is what was to be had, such as `weather@1.2.3`. */
export function refusalOf(fault: NpmFault, what: string): Refusal {
  const { code } = fault
  const summary = plain(fault.summary)
  if (unreachable.test(code)) {
    return new Refusal(
      'unavailable',
      `The npm registry cannot be reached for ${what} (${code}). Check this machine's network and its npm settings (registry, proxy), then try again.`,
    )
  }
  if (/\bgit (?:error|dep)/i.test(summary)) {
    return unusable(`${what} depends on a git repository; only what the npm registry holds can be pinned.`)
  }
  switch (code) {
    case 'E404':
      return unusable(`The registry does not have ${what}, or something that it needs: ${summary}`)
    case 'ETARGET':
    case 'ENOVERSIONS':
      return unusable(`A version that ${what} needs is not in the registry: ${summary}`)
    case 'E401':
    case 'E403':
      return unusable(
        `The npm registry refuses ${what} (${code}). Sign this machine in to it with \`npm login\`, or set its token in the user's .npmrc.`,
      )
    case 'EINTEGRITY':
      return unusable(`The bytes of ${what} are not those that the registry vouches for: ${summary}`)
    case 'ENOSPC':
      return new Refusal('unavailable', `There is no room left on the disk to install ${what}.`)
    default:
      return unusable(`npm could not install ${what} (${code}): ${summary}`)
  }
}

const unusable = (sentence: string) => new Refusal('artifact_unavailable', sentence)

/** One line of what npm said, without control characters. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are just what is removed
  return text
    .split('\n')[0]!
    .replace(/[\u0000-\u001f\u007f]/g, ' ')
    .slice(0, 300)
}
