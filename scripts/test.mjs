import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, runInFront } from './setup/process.mjs'

/** The checks that read the code without running it. Each counts as one test. */
const staticChecks = [
  { name: 'types', program: 'typescript/bin/tsc', args: ['-p', '.'] },
  { name: 'types of the console', program: 'typescript/bin/tsc', args: ['-p', 'console', '--noEmit'] },
  { name: 'lint', program: 'oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', program: 'oxfmt/bin/oxfmt', args: ['--check'] },
  { name: 'unused code', program: 'knip/bin/knip.js', args: [] },
]

/** `npm test`: everything, or only the test files whose path matches `args`. Returns the exit code. */
export async function runTests(node, args, chromium) {
  const env = chromium ? { ...process.env, BERTH_CHROMIUM: chromium } : process.env
  const checks = args.length === 0 ? await runStaticChecks(node) : nothing
  return conclude(add(checks, await runVitest(node, args, env)))
}

/** `npm run check`: the fast half. Returns the exit code. */
export async function runChecks(node, args) {
  const checks = await runStaticChecks(node)
  return conclude(add(checks, await runVitest(node, ['--project', 'unit', ...args], process.env)))
}

const nothing = { passed: 0, failed: 0, skipped: 0 }

function add(one, other) {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  }
}

/** The last line of the output, for people and for machines. Nothing passed is no success. */
function conclude({ passed, failed, skipped }) {
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed === 0 && passed > 0 ? 0 : 1
}

async function runStaticChecks(node) {
  let result = nothing
  for (const { name, program, args } of staticChecks) {
    const started = Date.now()
    const { code, output } = await capture(node, [join(root, 'node_modules', program), ...args])
    const seconds = ((Date.now() - started) / 1000).toFixed(1)
    console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`)
    if (code !== 0) console.log(output)
    result = add(result, code === 0 ? { ...nothing, passed: 1 } : { ...nothing, failed: 1 })
  }
  return result
}

function capture(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
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

function count(report, code) {
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
