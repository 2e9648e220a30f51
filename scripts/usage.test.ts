import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mutations } from './mutants/table.ts'
import { understand } from './usage.mjs'

const root = join(import.meta.dirname, '..')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** A checkout in which nothing is installed or built yet. */
let fresh: string
beforeAll(() => {
  fresh = mkdtempSync(join(tmpdir(), 'berth-usage-'))
  cpSync(join(root, 'scripts'), join(fresh, 'scripts'), { recursive: true })
})
afterAll(() => rmSync(fresh, { recursive: true }))

function berth(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/berth.mjs', ...args], {
    cwd: fresh,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test.each(Object.keys(scripts))('%s tells its usage before anything is installed', (name) => {
  expect(scripts[name]).toBe(`exec node scripts/berth.mjs ${name}`)
  const { status, stdout, stderr } = berth(name, '--help')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(new RegExp(`^Usage: npm (run )?${name}\\b`))
  expect(existsSync(join(fresh, 'node_modules'))).toBe(false)
})

test.each([
  [['bench', '--bogus'], 'npm run bench has no option --bogus. It has: --write-docs.'],
  [['bench', 'gateway', 'gatway'], 'There is no benchmark gatway. There are: gateway, sessions,'],
  [['test:mutants', '21'], 'There is no invariant 21. There are: 1 to 20.'],
  [['demo', 'here'], 'npm run demo takes nothing, not also here.'],
  [['backup', 'one', 'two'], 'npm run backup takes one file, not also two.'],
  [['restore'], 'Say which: npm run restore <file>.'],
  [
    ['rotate-secret-key', '--yes'],
    'npm run rotate-secret-key has no option --yes. It has: --data-dir <folder>.',
  ],
  [['lost-secret-key', '--yes=no'], '--yes stands alone, without a value: not "no".'],
  [['start', '--data-dir'], '--data-dir needs a value: --data-dir <folder>.'],
  [['test', '--project', 'browser'], '--project takes one of unit, integration, e2e, not "browser".'],
  [['build', '-x'], 'node scripts/berth.mjs build has no option -x. It has none.'],
  [['strat'], 'There is no command strat. There are: start, test,'],
  [['constructor'], 'There is no command constructor.'],
  [[], 'Name a command. There are: start, test,'],
])('%j is answered with a sentence', (args, sentence) => {
  const { status, stdout, stderr } = berth(...args)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(/^berth: .*\n$/)
  expect(stderr).toContain(sentence)
  expect(existsSync(join(fresh, 'node_modules'))).toBe(false)
})

test('what is right is understood', () => {
  expect(understand('screenshots', ['out', '--only', 'billing', '--only=plan'])).toMatchObject({
    values: { only: ['billing', 'plan'] },
    positionals: ['out'],
  })
  expect(
    understand(
      'test:mutants',
      mutations.map(({ invariant }) => String(invariant)),
    ),
  ).not.toBeNull()
})
