import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildConsole } from './setup/console.mjs'
import { buildDocs } from './setup/docs.mjs'
import { root, runInFront, Stop } from './setup/process.mjs'
import { ensureBubblewrap, ensureChromium, ensureContainers, ensureNginx } from './setup/programs.mjs'

/** The checks that read the code without running it. */
const staticChecks = [
  { name: 'types', program: 'typescript/bin/tsc', args: ['-p', '.'] },
  { name: 'types of the console', program: 'typescript/bin/tsc', args: ['-p', 'console'] },
  { name: 'types of the browser tests', program: 'typescript/bin/tsc', args: ['-p', 'e2e'] },
  { name: 'lint', program: 'oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', program: 'oxfmt/bin/oxfmt', args: ['--check'] },
  { name: 'unused code', program: 'knip/bin/knip.js', args: [] },
]

/**
 * `npm test`: everything, or only the test files whose path matches one of `args`, without the checks.
 * Returns the exit code.
 */
export async function runTests(node, args) {
  await ensureBubblewrap()
  await ensureNginx()
  await ensureContainers()
  const env = { ...process.env }
  const results = [
    await check('browser', async () => {
      const chromium = await ensureChromium(node)
      if (chromium) env.BERTH_CHROMIUM = chromium
      return null
    }),
    await check('console', () => buildConsole(node).then(() => null)),
    await check('documentation', () => buildDocs(node).then(() => null)),
  ]
  if (args.length === 0) results.push(await runStaticChecks(node))
  results.push(await runVitest(node, args, env))
  return conclude(sum(results))
}

/** `npm run check`: the fast half. Returns the exit code. */
export async function runChecks(node, args) {
  return conclude(
    sum([await runStaticChecks(node), await runVitest(node, ['--project', 'unit', ...args], process.env)]),
  )
}

const nothing = { passed: 0, failed: 0, skipped: 0 }

function sum(results) {
  const total = (what) => results.reduce((so, result) => so + result[what], 0)
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') }
}

/** Prints the last line of the output, for people and for machines. Returns the exit code: nothing passed is no success. */
export function conclude({ passed, failed, skipped }) {
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed === 0 && passed > 0 ? 0 : 1
}

async function runStaticChecks(node) {
  const results = []
  for (const { name, program, args } of staticChecks) {
    results.push(await check(name, () => capture(node, [join(root, 'node_modules', program), ...args])))
  }
  return sum(results)
}

/** Does one check, which returns what it has to object to, or null. It counts as one test. */
async function check(name, objections) {
  const started = Date.now()
  const found = await objections().catch((error) => {
    if (error instanceof Stop) return error.message
    throw error
  })
  console.log(`${found === null ? '✓' : '✗'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  if (found !== null) console.log(found)
  return found === null ? { ...nothing, passed: 1 } : { ...nothing, failed: 1 }
}

/** Runs a program. Returns its output if it fails, else null. */
function capture(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0 ? null : output))
  })
}

/** Runs vitest and counts what it reports, file by file. */
async function runVitest(node, args, env) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-test-report-'))
  const report = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  try {
    const code = await runInFront(node, [vitest, 'run', ...reporters, ...args], env)
    return count(report, code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What vitest's report counts, given its exit code. */
export function count(report, code) {
  const result = { ...nothing }
  for (const file of readReport(report)) {
    const statuses = file.assertionResults.map((test) => test.status)
    result.passed += statuses.filter((status) => status === 'passed').length
    result.failed += statuses.filter((status) => status === 'failed').length
    result.skipped += statuses.filter((status) => status !== 'passed' && status !== 'failed').length
    // A file that cannot even be loaded has no tests to fail.
    if (file.status === 'failed' && !statuses.includes('failed')) result.failed += 1
  }
  // Errors outside of any test, or a runner that broke down, are failures as well.
  if (code !== 0 && result.failed === 0) result.failed = 1
  return result
}

function readReport(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults
  } catch {
    return [] // vitest did not come so far; its exit code tells
  }
}
