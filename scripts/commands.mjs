import { join } from 'node:path'
import { buildConsole } from './setup/console.mjs'
import { installDependencies } from './setup/dependencies.mjs'
import { buildDocs } from './setup/docs.mjs'
import { findNode } from './setup/node.mjs'
import { root, runInFront, say, Stop } from './setup/process.mjs'
import { ensureBubblewrap, ensureChromium } from './setup/programs.mjs'
import { conclude, runChecks, runTests } from './test.mjs'
import { commandNamed, helpOf, helpOfAll, Misuse, understand } from './usage.mjs'

/** What `npm start`, `npm test`, … do once the dependencies are there. Each returns its exit code. */
const commands = {
  start: program('server/src/main.ts', ['start'], [ensureBubblewrap, buildConsole, buildDocs]),
  demo: program('scripts/demo.ts', [], [ensureBubblewrap, buildConsole, buildDocs]),
  screenshots: program(
    'e2e/screenshots/main.ts',
    [],
    [ensureBubblewrap, ensureChromium, buildConsole, buildDocs],
  ),
  bench: program('bench/src/main.ts', [], [ensureBubblewrap, buildConsole]),
  /** Everything that `start` makes before it starts: for services and images, whose user may not write the checkout. */
  async build(node) {
    await buildConsole(node)
    await buildDocs(node)
    return 0
  },
  backup: program('server/src/main.ts', ['backup'], []),
  restore: program('server/src/main.ts', ['restore'], []),
  'rotate-secret-key': program('server/src/main.ts', ['rotate-secret-key'], []),
  'lost-secret-key': program('server/src/main.ts', ['lost-secret-key'], []),
  check: runChecks,
  test: runTests,
  'test:mutants': program('scripts/mutants/main.ts', [], []),
  /** For ./mcpctl: prints the path of the Node to use. */
  node(node) {
    console.log(node)
    return 0
  },
}

/** A command that prepares the machine and then runs one of our programs in front. */
function program(path, firstArgs, preparations) {
  return async (node, args) => {
    for (const prepare of preparations) await prepare(node)
    return runInFront(node, [join(root, path), ...firstArgs, ...args])
  }
}

/**
 * Runs one command. Ends the process with its exit code; a failed preparation is a sentence and exit code 1, a misuse one
 * and exit code 2, before anything is installed.
 */
export async function main([name, ...args]) {
  try {
    if (name === '--help' || name === '-h') return console.log(helpOfAll())
    const command = commands[commandNamed(name)]
    if (understand(name, args) === null) return console.log(helpOf(name))
    await installDependencies()
    process.exitCode = await command(findNode(), args)
  } catch (error) {
    if (!(error instanceof Stop) && !(error instanceof Misuse)) throw error
    say(error.message)
    process.exitCode = error instanceof Misuse ? 2 : 1
    if (error instanceof Misuse) return
    if (name === 'test' || name === 'check') conclude({ passed: 0, failed: 1, skipped: 0 })
  }
}
