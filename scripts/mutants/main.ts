/**
 * `npm run test:mutants [number …]`: breaks each of the twenty invariants of billing in a copy of the checkout, one at a
 * time, and expects its test to turn red. A test that stays green holds nothing.
 */
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArguments } from '../usage.mjs'
import { copyCheckout } from './copy.ts'
import { mutations, type Mutation } from './table.ts'

const root = join(import.meta.dirname, '../..')
/** A test that hangs on a mutation has noticed it, too, but a test that says what is wrong is better. */
const patienceMs = 10 * 60_000

interface Outcome {
  failed: string[]
  passed: number
  /** What the run printed, where no test ran at all. */
  broken: string | null
}

const asked = readArguments('test:mutants').positionals
const folder = copyCheckout(root)
process.once('SIGINT', () => process.exit(130))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const chosen = mutations.filter(({ invariant }) => asked.length === 0 || asked.includes(String(invariant)))
let survived = 0
for (const mutation of chosen) {
  const fault = await tryOut(mutation)
  if (fault !== null) survived += 1
  const { invariant, name } = mutation
  console.log(
    `${fault === null ? '✓' : '✗'} ${String(invariant).padStart(2)}  ${name}${fault ? `\n      ${fault}` : ''}`,
  )
}
console.log(`\n${chosen.length - survived} passed, ${survived} failed, 0 skipped`)
process.exitCode = survived === 0 ? 0 : 1

/** What is wrong with the test of a mutation's invariant; null: it is green as things are and red with the mutation. */
async function tryOut(mutation: Mutation): Promise<string | null> {
  const sound = await runTest(mutation)
  if (sound.broken !== null) return `its test does not run: ${sound.broken}`
  if (sound.failed.length > 0) return `its test is red already: ${sound.failed.join('; ')}`
  if (sound.passed === 0) return `no test of ${mutation.test} begins with "invariant ${mutation.invariant}:"`
  const path = join(folder, mutation.file)
  const whole = readFileSync(path, 'utf8')
  try {
    writeFileSync(
      path,
      whole.replace(mutation.find, () => mutation.replace),
    )
    const spoilt = await runTest(mutation)
    if (spoilt.broken !== null)
      return `with it, the test does not run, which proves nothing: ${spoilt.broken}`
    return spoilt.failed.length > 0 ? null : 'its test stays green'
  } finally {
    writeFileSync(path, whole)
  }
}

function runTest({ invariant, test }: Mutation): Promise<Outcome> {
  const report = join(folder, 'report.json')
  rmSync(report, { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const pattern = `invariant ${invariant}:`
  const args = [vitest, 'run', test, '-t', pattern, '--reporter=json', `--outputFile=${report}`]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: patienceMs,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += String(chunk)))
    child.once('error', reject)
    child.once('close', () => resolve(outcomeOf(report, output)))
  })
}

interface Report {
  testResults: { message: string; assertionResults: { status: string; title: string }[] }[]
}

function outcomeOf(report: string, output: string): Outcome {
  let files: Report['testResults']
  try {
    files = (JSON.parse(readFileSync(report, 'utf8')) as Report).testResults
  } catch {
    return { failed: [], passed: 0, broken: output.trim().slice(-400) || 'it printed nothing' }
  }
  const tests = files.flatMap(({ assertionResults }) => assertionResults)
  const titled = (status: string) => tests.filter((one) => one.status === status).map(({ title }) => title)
  const failed = titled('failed')
  const message = files
    .map((file) => file.message)
    .join(' ')
    .trim()
  const broken =
    tests.length === 0 || (failed.length === 0 && message !== '') ? message || output.slice(-400) : null
  return { failed, passed: titled('passed').length, broken }
}
