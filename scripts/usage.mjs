import { parseArgs } from 'node:util'

/** The benchmarks, in the order they run in. */
export const benchmarks = /** @type {const} */ ([
  'gateway',
  'sessions',
  'kill-switch',
  'decision',
  'quota',
  'inbox',
  'log',
  'subscribers',
  'lifecycle',
  'console',
  'start',
  'memory',
])

const invariants = Array.from({ length: 20 }, (_, at) => String(at + 1))

const dataDir = { 'data-dir': { takes: '<folder>', about: 'the data directory, instead of BERTH_DATA_DIR' } }
const localOnly = { 'local-only': { about: 'without the servers from npm' } }
const tests = {
  names: { form: '[part of a path …]' },
  options: {
    testNamePattern: { short: 't', takes: '<pattern>', about: 'only tests whose names match' },
    bail: { takes: '<number>', about: 'end after so many failures' },
  },
}

/**
 * What each command does and takes. `names` are what may stand there without a dash: `known` of them, or any, at least
 * `least` and at most `most`.
 */
const usages = {
  start: {
    about: 'Sets up what is missing, then runs everything until Ctrl-C. Its settings are in README.md.',
    options: dataDir,
  },
  test: {
    about:
      'Sets up what is missing, then runs every check and test, or only the test files whose paths match.',
    names: tests.names,
    options: {
      ...tests.options,
      project: { takes: '<kind>', known: ['unit', 'integration', 'e2e'], about: 'only tests of this kind' },
    },
  },
  check: { about: 'Runs the fast half of the tests: what reads the code, and what needs nothing.', ...tests },
  'test:mutants': {
    about:
      'Breaks the invariants of billing (docs/billing-invariants.md) one by one and expects a test to notice.',
    names: { form: '[number …]', what: 'invariant', known: invariants, listed: '1 to 20' },
  },
  demo: {
    about: `Starts a Berth on an empty folder of its own, fills it with organizations, people, servers and traffic, and runs until
Ctrl-C. BERTH_PORT chooses the port (7070, or the next free one). It listens on this machine only, since everybody knows
its passwords.`,
    options: localOnly,
  },
  screenshots: {
    about:
      'Takes a picture of every page of the console in the world of the demo, and lays them side by side.',
    names: { form: '[folder]', most: 1 },
    options: {
      only: {
        takes: '<text>',
        multiple: true,
        about: 'only pictures with this in their names; may be repeated',
      },
      ...localOnly,
    },
  },
  bench: {
    about: 'Runs every benchmark, or those named. Exits with 1 where a target is missed.',
    names: { form: '[name …]', what: 'benchmark', known: benchmarks },
    options: { 'write-docs': { about: 'write docs/benchmarks.md from what was measured last' } },
  },
  backup: {
    about:
      'Backs everything up to the file, or to one named after the time. Berth may run. See docs/operate/backup.md.',
    names: { form: '[file]', most: 1 },
    options: dataDir,
  },
  restore: {
    about: 'Restores a backup into an empty data directory and database.',
    names: { form: '<file>', least: 1, most: 1 },
    options: { 'without-key': { about: 'where the secret key is lost' }, ...dataDir },
  },
  'rotate-secret-key': {
    about: 'Seals every secret with a new key. Stop Berth first. See docs/operate/secret-key.md.',
    options: dataDir,
  },
  'lost-secret-key': {
    about:
      'Says what is lost without the secret key, and goes on without it. See docs/operate/secret-key.md.',
    options: { yes: { about: 'give up what the lost key has sealed' }, ...dataDir },
  },
  build: {
    about: 'Makes the pages of the console and the documentation, so that starting needs to write nothing.',
  },
  node: { about: 'Prints the path of the Node that Berth runs on.' },
}

/** A command that was not used as it is meant to be: a sentence that says what would be right. */
export class Misuse extends Error {}

/** The name of a command if there is such a one. */
export function commandNamed(name) {
  if (name !== undefined && Object.hasOwn(usages, name)) return name
  const what = name === undefined ? 'Name a command.' : `There is no command ${name}.`
  throw new Misuse(`${what} There are: ${Object.keys(usages).join(', ')}.`)
}

/** How a command is called. `start` and `test` are npm's own words; what is in no package.json is called by its file. */
function calledAs(name) {
  if (name === 'build' || name === 'node') return `node scripts/berth.mjs ${name}`
  return name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`
}

const optionForm = (name, { short, takes }) =>
  `${short ? `-${short}` : `--${name}`}${takes ? ` ${takes}` : ''}`

/** What `--help` prints. */
export function helpOf(name) {
  const { about, names, options = {} } = usages[name]
  const forms = Object.entries(options).map(([option, of]) => [optionForm(option, of), of])
  const takes = [names?.form, ...forms.map(([form]) => `[${form}]`)].filter(Boolean)
  const dashes = takes.length > 0 && !calledAs(name).startsWith('node') ? ['--'] : []
  const width = Math.max(0, ...forms.map(([form]) => form.length))
  return [
    `Usage: ${[calledAs(name), ...dashes, ...takes].join(' ')}`,
    '',
    about,
    ...(names?.known ? ['', `  ${names.what}s: ${names.listed ?? names.known.join(', ')}`] : []),
    ...(forms.length > 0 ? [''] : []),
    ...forms.map(
      ([form, of]) => `  ${form.padEnd(width)}  ${of.about}${of.known ? `: ${of.known.join(', ')}` : ''}`,
    ),
  ].join('\n')
}

/** What `--help` prints where no command is named. */
export function helpOfAll() {
  const width = Math.max(...Object.keys(usages).map((name) => calledAs(name).length))
  const lines = Object.entries(usages).map(
    ([name, { about }]) =>
      `  ${calledAs(name).padEnd(width)}  ${about.replaceAll('\n', ' ').split(/\.( |$)/)[0]}`,
  )
  return ['The commands of this checkout; each tells more with -- --help:', '', ...lines].join('\n')
}

/** What somebody gave a command, or null if they ask for its help; throws a Misuse. */
export function understand(name, args) {
  const { names = { most: 0 }, options = {} } = usages[name]
  const called = calledAs(name)
  const { tokens, values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(
        Object.entries(options).map(([option, { short, takes, multiple = false }]) => [
          option,
          { type: takes ? 'string' : 'boolean', multiple, ...(short ? { short } : {}) },
        ]),
      ),
    },
  })
  if (values.help) return null
  for (const token of tokens) if (token.kind === 'option') checkOption(called, options, token)
  checkNames(called, names, positionals)
  return { values, positionals }
}

function checkOption(called, options, { name, rawName, value }) {
  if (!Object.hasOwn(options, name)) {
    const there = Object.entries(options).map(([option, of]) => optionForm(option, of))
    const has = there.length > 0 ? `It has: ${there.join(', ')}.` : 'It has none.'
    throw new Misuse(`${called} has no option ${rawName}. ${has}`)
  }
  const { takes, known } = options[name]
  if (!takes && value !== undefined)
    throw new Misuse(`${rawName} stands alone, without a value: not ${JSON.stringify(value)}.`)
  if (takes && (!value || value.startsWith('-')))
    throw new Misuse(`${rawName} needs a value: ${rawName} ${takes}.`)
  if (known && !known.includes(value))
    throw new Misuse(`${rawName} takes one of ${known.join(', ')}, not ${JSON.stringify(value)}.`)
}

function checkNames(called, { form, what, known, listed, least = 0, most = Infinity }, given) {
  const unknown = known ? given.filter((one) => !known.includes(one)) : []
  if (unknown.length > 0)
    throw new Misuse(`There is no ${what} ${unknown.join(', ')}. There are: ${listed ?? known.join(', ')}.`)
  if (given.length > most)
    throw new Misuse(
      `${called} takes ${form ? `one ${form.slice(1, -1)}` : 'nothing'}, not also ${given.slice(most).join(' ')}.`,
    )
  if (given.length < least) throw new Misuse(`Say which: ${called} ${form}.`)
}

/** The same for a program that is the command: it ends where it was misused or asked for help. */
export function readArguments(name, args = process.argv.slice(2)) {
  try {
    const understood = understand(name, args)
    if (understood) return understood
    console.log(helpOf(name))
    return process.exit(0)
  } catch (error) {
    if (!(error instanceof Misuse)) throw error
    console.error(error.message)
    return process.exit(2)
  }
}
