import { CommanderError } from 'commander'
import { describeFailure, exitCodes } from './core/errors.ts'
import { Output } from './core/output.ts'
import { createProgram, type WithHelp } from './program.ts'

// A reader that has seen enough (`mcpctl audit list | head`) closes the pipe; that is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.done)
    throw error
  })
}

const program = createProgram()
process.on('uncaughtException', (error) => {
  fail(error)
  process.exit()
})
try {
  await program.parseAsync()
} catch (error) {
  fail(error)
}

/** Tells an error and sets the exit status; a stack trace is never shown. */
function fail(error: unknown): void {
  const { exitCode, lines } = describeFailure(error)
  const out = new Output({ json: false, color: program.opts<{ color: boolean }>().color })
  out.fail(lines)
  const showedHelp = error instanceof CommanderError && error.code === 'commander.help'
  if (error instanceof CommanderError && exitCode === exitCodes.usage && !showedHelp)
    out.next(`${(error as CommanderError & Partial<WithHelp>).helpOf ?? 'mcpctl'} --help`)
  process.exitCode = exitCode
}
