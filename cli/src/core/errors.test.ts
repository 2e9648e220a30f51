import { readFileSync } from 'node:fs'
import { ApiError, problemCodes, UnreachableError, type Problem, type ProblemCode } from '@berth/contracts'
import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { describeFailure, NotSignedInError, RefusedError, UsageError, whyUnreadable } from './errors.ts'

function problem(code: ProblemCode, more: Partial<Problem> = {}): ApiError {
  const { status, title } = problemCodes[code]
  return new ApiError({
    type: 'about:blank',
    title,
    status,
    code,
    detail: 'No.',
    requestId: 'req_1',
    ...more,
  })
}

describe('exit status', () => {
  it.each(Object.keys(problemCodes) as ProblemCode[])(
    'a refusal %s is 1, or 3 where a sign-in would help',
    (code) => {
      const signIn = code === 'unauthenticated' || code === 'second_factor_required'
      expect(describeFailure(problem(code)).exitCode).toBe(signIn ? 3 : 1)
    },
  )

  it('is 1 for what did not work out, 2 for usage, 3 for no sign-in, 4 for no answer', () => {
    expect(describeFailure(new RefusedError('x')).exitCode).toBe(1)
    expect(describeFailure(new UsageError('x')).exitCode).toBe(2)
    expect(describeFailure(new NotSignedInError('x')).exitCode).toBe(3)
    expect(describeFailure(new UnreachableError('x')).exitCode).toBe(4)
  })

  it('is 0 for help and version, 2 for every other complaint of the parser', () => {
    expect(describeFailure(new CommanderError(0, 'commander.version', '1')).exitCode).toBe(0)
    expect(describeFailure(new CommanderError(1, 'commander.unknownOption', 'x')).exitCode).toBe(2)
    expect(describeFailure(new CommanderError(1, 'commander.help', 'x')).exitCode).toBe(2)
  })
})

describe('what is told', () => {
  it('is a fault once, where the sentence of the server is that fault', () => {
    const { lines } = describeFailure(
      problem('invalid_input', {
        detail: 'email: this is not an e-mail address',
        errors: [
          { path: 'email', message: 'this is not an e-mail address' },
          { path: 'name', message: 'must not be empty' },
        ],
      }),
    )
    expect(lines).toEqual([
      'Error: email: this is not an e-mail address',
      '  name: must not be empty',
      '  code: invalid_input, request: req_1',
    ])
  })

  it.each([
    [import.meta.dirname, 'it is a folder'],
    [`${import.meta.dirname}/nope`, 'there is no such file'],
  ])('is why a file cannot be read: %s', (file, why) => {
    const fault = (): unknown => {
      try {
        return readFileSync(file)
      } catch (error) {
        return error
      }
    }
    expect(whyUnreadable(fault())).toBe(why)
  })

  it("shows the server's sentence, field faults, notes, code and request id", () => {
    const { lines } = describeFailure(
      problem('policy_veto', {
        detail: 'The sandbox is missing.',
        errors: [{ path: 'body.name', message: 'must not be empty' }],
        notes: ['capability:sandbox:missing'],
        decisionId: 'dec_1',
      }),
    )
    expect(lines).toEqual([
      'Error: The sandbox is missing.',
      '  body.name: must not be empty',
      '  note: capability:sandbox:missing',
      '  code: policy_veto, request: req_1',
      'Next: mcpctl policy explain dec_1',
    ])
  })

  it('never shows a stack trace, whatever was thrown', () => {
    for (const thrown of [new TypeError('boom'), 'boom', undefined, { boom: true }]) {
      const { exitCode, lines } = describeFailure(thrown)
      expect(exitCode).toBe(1)
      expect(lines).toHaveLength(1)
      expect(lines[0]).not.toMatch(/\n|at .*:\d+/)
    }
  })

  it('makes control characters of the server inert', () => {
    const { lines } = describeFailure(problem('internal', { detail: 'a\u001b[2Jb\nc' }))
    expect(lines[0]).toBe('Error: a\\x1b[2Jb\\nc')
  })
})
