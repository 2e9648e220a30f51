import { confirm, password, text } from '@clack/prompts'
import { RefusedError, UsageError } from './errors.ts'

const canAsk = (): boolean => process.stdin.isTTY && process.stderr.isTTY

/** Asks for something that must not be shown. Without a terminal it is a usage error that names the other way. */
export async function askSecret(message: string, otherWay: string): Promise<string> {
  if (!canAsk()) throw new UsageError(`There is no terminal to ask for this: ${message}. ${otherWay}`)
  return answered(await password({ message, output: process.stderr }))
}

/** Asks for a line of text. Without a terminal it is a usage error that names the other way. */
export async function askText(message: string, otherWay: string): Promise<string> {
  if (!canAsk()) throw new UsageError(`There is no terminal to ask for this: ${message}. ${otherWay}`)
  return answered(await text({ message, output: process.stderr }))
}

/** Asks before something that cannot be undone; `--yes` answers for a script. */
export async function confirmed(yes: boolean | undefined, question: string): Promise<void> {
  if (yes) return
  if (!canAsk()) throw new UsageError(`${question} Say --yes to confirm without a terminal.`)
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr })
  if (answer !== true) throw new RefusedError('Nothing was changed.')
}

/** Everything on stdin, without the line break at its end. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

/** A secret from stdin when something is piped in, else by asking. */
export async function secretFromStdinOrPrompt(message: string): Promise<string> {
  const value = process.stdin.isTTY ? await askSecret(message, 'Pipe it to stdin.') : await readStdin()
  if (!value) throw new UsageError('The value is empty. Pipe it to stdin, or type it when asked.')
  return value
}

function answered(answer: string | symbol): string {
  if (typeof answer === 'symbol') throw new RefusedError('Nothing was changed.')
  return answer
}
