import { problemCodes, type Problem, type ProblemCode } from '@berth/contracts'

type Extra = Pick<Problem, 'errors' | 'notes' | 'decisionId' | 'current'> & {
  /** When the same request may be sent again; goes into `Retry-After`. */
  retryAfterSeconds?: number
}

/** A refusal with a code of the closed list and a sentence; thrown anywhere, answered as problem+json. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: ProblemCode
  readonly extra: Extra
  constructor(code: ProblemCode, sentence: string, extra: Extra = {}) {
    super(sentence)
    this.code = code
    this.extra = extra
  }
  get status(): number {
    return problemCodes[this.code].status
  }
  toProblem(requestId: string): Problem {
    const { status, title } = problemCodes[this.code]
    const { retryAfterSeconds: _, ...extra } = this.extra
    return {
      type: `about:blank#${this.code}`,
      title,
      status,
      code: this.code,
      detail: this.message,
      requestId,
      ...extra,
    }
  }
}

export const notFound = (what: string) =>
  new Refusal('not_found', `There is no such ${what}, or you may not see it.`)
