import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { count } from '../test.mjs'
import { areInstalled, explain } from './dependencies.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-setup-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs a module script that may import from `scripts/setup`, in a process group of its own, as a terminal would. */
function run(script: string) {
  const imports = script.replaceAll(
    /'\.\/(\w+\.mjs)'/g,
    (_, name: string) => `'${new URL(name, import.meta.url).href}'`,
  )
  return spawn(process.execPath, ['--input-type=module', '-e', imports], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

test('Ctrl-C reaches the program in front once, and its exit code comes back', async () => {
  const program = `
    let times = 0
    process.on('SIGINT', () => { times++; setTimeout(() => process.exit(40 + times), 300) })
    setInterval(() => {}, 1000)
    console.log('ready')`
  const runner = run(`
    import { runInFront } from './process.mjs'
    process.exitCode = await runInFront(process.execPath, ['-e', ${JSON.stringify(program)}])`)
  await once(runner.stdout, 'data')
  process.kill(-runner.pid!, 'SIGINT')
  expect(await once(runner, 'exit')).toEqual([41, null])
})

test('a program in front is told to end when the npm that started it is killed', async () => {
  const program = `
    process.on('SIGTERM', () => { console.log('told to end'); process.exit() })
    setInterval(() => {}, 1000)
    console.log('ready')`
  const runner = `import('${new URL('process.mjs', import.meta.url).href}').then(({ runInFront }) =>
    runInFront(process.execPath, ['-e', ${JSON.stringify(program)}]))`
  const npm = spawn(
    process.execPath,
    [
      '-e',
      `require('child_process').spawn(process.execPath, ['-e', process.argv[1]], { stdio: 'inherit' })`,
      runner,
    ],
    {
      env: { ...process.env, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  await once(npm.stdout, 'data')
  npm.kill('SIGKILL')
  const [line] = (await once(npm.stdout, 'data')) as [Buffer]
  expect(line.toString()).toBe('told to end\n')
})

test('a program that a signal ends gives 128 and its number, as in a shell', async () => {
  const runner = run(`
    import { runInFront } from './process.mjs'
    process.exitCode = await runInFront('/bin/sh', ['-c', 'kill -TERM $$'])`)
  expect(await once(runner, 'exit')).toEqual([128 + 15, null])
})

test('runs that set up the same checkout take turns, even after one is killed', async () => {
  const journal = join(folder, 'journal')
  writeFileSync(journal, '')
  const script = (work: string): string => `
    import { appendFileSync } from 'node:fs'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { exclusively } from './lock.mjs'
    const write = (word) => appendFileSync(${JSON.stringify(journal)}, word + ' ')
    await exclusively(async () => { write('begin'); ${work}; write('end') })`
  const killed = run(script(`console.log('here'); await sleep(60_000)`))
  await once(killed.stdout, 'data')
  const others = [run(script('await sleep(50)')), run(script('await sleep(50)'))]
  killed.kill('SIGKILL')
  await Promise.all(others.map((other) => once(other, 'exit')))
  expect(readFileSync(journal, 'utf8')).toBe('begin begin end begin end ')
})

/** Writes the lock file of a checkout, or the one that npm leaves beside what it has installed. */
function writeLock(path: string, packages: Record<string, object>): void {
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  writeFileSync(join(folder, path), JSON.stringify({ packages }))
}

test('dependencies count as installed only when npm has finished with every version of the lock file', () => {
  const wanted = {
    '': { version: '1.0.0' },
    cli: { version: '1.0.0' },
    'node_modules/mcpctl': { link: true },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/for-another-machine': { version: '1.0.0', optional: true },
  }
  writeLock('package-lock.json', wanted)
  expect(areInstalled(folder)).toBe(false)
  writeLock('node_modules/.package-lock.json', { 'node_modules/a': { version: '0.9.0' } })
  expect(areInstalled(folder)).toBe(false)
  writeLock('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } })
  expect(areInstalled(folder)).toBe(true)
})

test.each([
  ['npm error code ENOTFOUND\nnpm error request to … failed', 'registry cannot be reached (ENOTFOUND)'],
  ['npm error code EACCES\nnpm error syscall mkdir', 'not writable for this user'],
  ['npm error code ENOSPC', 'is full'],
  ['npm ERR! code SELF_SIGNED_CERT_IN_CHAIN', 'not trusted (SELF_SIGNED_CERT_IN_CHAIN)'],
  ['npm ERR! code E404\nnpm ERR! No such package', 'code E404\nnpm ERR! No such package'],
  ['npm warn old\nnpm error code E404\nnpm error No such package', 'code E404\nnpm error No such package'],
])('an installation that fails is explained: %s', (output, sentence) => {
  expect(explain(output)).toContain(sentence)
  expect(explain(output)).not.toContain('npm warn')
})

/** Counts a report with one file of tests. */
function countOf(file: { status: string; assertionResults: { status: string }[] }, code: number) {
  const report = join(folder, 'report.json')
  writeFileSync(report, JSON.stringify({ testResults: [file] }))
  return count(report, code)
}

test('the last line of npm test counts what vitest reports', () => {
  const assertionResults = ['passed', 'passed', 'failed', 'pending', 'todo'].map((status) => ({ status }))
  expect(countOf({ status: 'failed', assertionResults }, 1)).toEqual({ passed: 2, failed: 1, skipped: 2 })
})

test('what fails outside of any test is a failure too', () => {
  const passed = { status: 'passed', assertionResults: [{ status: 'passed' }] }
  expect(countOf({ status: 'failed', assertionResults: [] }, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  expect(countOf(passed, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 }) // an unhandled rejection
  expect(count(join(folder, 'no such report'), 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})
