/** Runs the official MCP conformance suite against a URL: all active server scenarios, no baseline, no filter. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

export interface ScenarioResult {
  name: string
  passed: number
  failed: number
  /** Name and message of each failed check. */
  failures: string[]
}

export interface ConformanceResult {
  /** Checks, as the suite counts them. */
  passed: number
  failed: number
  scenarios: ScenarioResult[]
  exitCode: number
  /** What the suite printed. */
  output: string
}

interface Check {
  name: string
  status: string
  errorMessage?: string
}

/**
 * `url` must be loopback (one scenario sends a foreign Host). `token` goes into every request as a bearer.
 * Throws when the suite does not finish within `timeoutMs` (default 120 s).
 */
export async function runConformance(options: {
  url: string
  token?: string
  timeoutMs?: number
}): Promise<ConformanceResult> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    const suite = join(packageRoot('@modelcontextprotocol/conformance'), 'dist/index.js')
    const args = [suite, 'server', '--url', options.url, '--suite', 'active', '-o', folder]
    const { exitCode, stdout, stderr } = await runTool(args, options)
    const scenarios = await readResults(folder)
    const sum = (key: 'passed' | 'failed') => scenarios.reduce((total, scenario) => total + scenario[key], 0)
    return { passed: sum('passed'), failed: sum('failed'), scenarios, exitCode, output: stdout + stderr }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Folders are named `server-<scenario>-<time>`. */
async function readResults(folder: string): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = []
  for (const entry of (await readdir(folder)).sort()) {
    const checks = JSON.parse(await readFile(join(folder, entry, 'checks.json'), 'utf8')) as Check[]
    const failed = checks.filter(({ status }) => status === 'FAILURE')
    results.push({
      name: entry.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, ''),
      passed: checks.filter(({ status }) => status === 'SUCCESS').length,
      failed: failed.length,
      failures: failed.map(({ name, errorMessage }) => `${name}: ${errorMessage ?? 'failed'}`),
    })
  }
  return results
}

/** Runs `@modelcontextprotocol/inspector --cli` and returns the JSON it prints. Throws with its stderr when it fails. */
export async function runInspector(options: {
  url: string
  token?: string
  method: string
  /** Further arguments, such as `--tool-name echo --tool-arg message=hi`. */
  args?: string[]
  timeoutMs?: number
}): Promise<unknown> {
  const header = options.token ? ['--header', `Authorization: Bearer ${options.token}`] : []
  const args = [inspectorEntry(), '--cli', options.url, '--transport', 'http', ...header]
  const { token: _token, ...rest } = options
  const run = await runTool([...args, '--method', options.method, ...(options.args ?? [])], rest)
  if (run.exitCode !== 0)
    throw new Error(`The inspector ended with ${run.exitCode}: ${run.stderr || run.stdout}`)
  return JSON.parse(run.stdout)
}

function inspectorEntry(): string {
  const root = packageRoot('@modelcontextprotocol/inspector')
  const { bin } = require(join(root, 'package.json')) as { bin: string | Record<string, string> }
  return join(root, typeof bin === 'string' ? bin : Object.values(bin)[0]!)
}

/** The folder of an installed package, also of one that exports nothing. */
function packageRoot(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return dirname(require.resolve(join(folder, name, 'package.json')))
    } catch {
      // Not in this node_modules; the next one up may have it.
    }
  }
  throw new Error(`${name} is not installed.`)
}

interface ToolRun {
  exitCode: number
  stdout: string
  stderr: string
}

/** Runs a script on this very Node, with the token in its environment, never in its arguments. */
async function runTool(
  args: string[],
  options: { url: string; token?: string; timeoutMs?: number },
): Promise<ToolRun> {
  const preload = new URL('./bearer-preload.mjs', import.meta.url).href
  const { NODE_OPTIONS: _options, ...environment } = process.env
  const child = spawn(process.execPath, options.token ? ['--import', preload, ...args] : args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...environment,
      ...(options.token
        ? { CONFORMANCE_TOKEN: options.token, CONFORMANCE_ORIGIN: new URL(options.url).origin }
        : {}),
    },
  })
  const run: ToolRun = { exitCode: -1, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (run.stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (run.stderr += chunk))
  const timeoutMs = options.timeoutMs ?? 120_000
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, timeoutMs)
  run.exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? -1))
  }).finally(() => clearTimeout(timer))
  if (late)
    throw new Error(`${args[0]} did not finish within ${timeoutMs / 1000} s:\n${run.stdout}${run.stderr}`)
  return run
}
