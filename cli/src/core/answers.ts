import { createInterface } from 'node:readline'
import { UsageError } from './errors.ts'
import { askSecret } from './prompts.ts'

/** What a command asks for and nobody else should see: typed at prompts, or given line by line on stdin. */
export interface Answers {
  /** The next answer; without one it is a usage error that names the other way. */
  secret(question: string): Promise<string>
  close(): void
}

/** How commands name the option with which answers come from stdin. */
export const stdinOption = [
  '--password-stdin',
  'read the answers from stdin, one a line, instead of asking',
] as const

export function answersFrom(stdin: boolean | undefined): Answers {
  if (!stdin) {
    return {
      secret: (question) => askSecret(question, 'Pipe it to stdin and add --password-stdin.'),
      close: () => {},
    }
  }
  const lines = createInterface({ input: process.stdin })
  const answers = lines[Symbol.asyncIterator]()
  return {
    secret: async (question) => {
      const { value, done } = await answers.next()
      if (!done) return value
      throw new UsageError(`stdin ended before it said this: ${question}. Give one answer a line.`)
    },
    close: () => lines.close(),
  }
}

/** Runs something that needs answers, and lets go of stdin then. */
export async function withAnswers<T>(
  options: { passwordStdin?: boolean },
  work: (answers: Answers) => Promise<T>,
): Promise<T> {
  const answers = answersFrom(options.passwordStdin)
  try {
    return await work(answers)
  } finally {
    answers.close()
  }
}

export const codeQuestion = 'Code of your authenticator app, or a recovery code'
