import type { FastifyReply } from 'fastify'
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod'
import { Refusal } from '../problem.ts'

export function sendProblem(reply: FastifyReply, refusal: Refusal, requestId: string): FastifyReply {
  if (refusal.status === 401) reply.header('www-authenticate', 'Bearer')
  const { retryAfterSeconds } = refusal.extra
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
  return reply
    .status(refusal.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(refusal.toProblem(requestId))
}

interface AnyError {
  code?: string
  statusCode?: number
  message: string
}

/** Any error as a refusal of the closed list: what is known gets its sentence, the rest says `internal`. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (hasZodFastifySchemaValidationErrors(error)) return invalidInput(error)
  if (isResponseSerializationError(error)) return internal()
  const { code, statusCode, message } = error as AnyError
  if (code === 'BERTH_FOREIGN_HOST') {
    return new Refusal(
      'foreign_origin',
      'This host name is not one of this server. Set BERTH_PUBLIC_URL to the address people use.',
    )
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Refusal('too_large', 'The body is larger than 1 MiB.')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new Refusal('unsupported_media_type', 'Send the body as application/json.')
  }
  if (
    code === 'FST_ERR_CTP_EMPTY_JSON_BODY' ||
    code === 'FST_ERR_CTP_INVALID_JSON_BODY' ||
    error instanceof SyntaxError
  ) {
    return new Refusal('invalid_input', 'The body is not valid JSON.')
  }
  if (statusCode === 429)
    return new Refusal('rate_limited', message || 'Too many requests; try again shortly.')
  if (code !== undefined && noDatabase.test(code))
    return new Refusal('unavailable', 'The database does not answer right now; try again in a moment.')
  if (code === '23505') return new Refusal('duplicate', 'Somebody else made the same meanwhile.')
  if (statusCode === 503) return new Refusal('unavailable', 'Berth is overloaded; try again in a moment.')
  if (code === '22021' || code === '22P05')
    return new Refusal('invalid_input', 'Text must not contain NUL characters.')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Refusal('invalid_input', message)
  return internal()
}

/** PostgreSQL is gone, going, starting, full, or could not do it beside the others; or there is no connection to it. */
const noDatabase = /^(?:08\w{3}|57P0[1-3]|53300|40001|40P01|ECONNREFUSED|ECONNRESET|EPIPE)$/

const internal = () =>
  new Refusal('internal', 'Something went wrong in Berth; the log has it under this request id.')

function invalidInput(error: {
  validation: { instancePath: string; message?: string }[]
  validationContext?: string
}) {
  const errors = error.validation.map((issue) => ({
    path: issue.instancePath.replace(/^\//, '').replaceAll('/', '.'),
    message: issue.message ?? 'is not valid',
  }))
  const first = errors[0]
  const where = first?.path ? `${first.path}: ` : ''
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return new Refusal('invalid_input', `${where}${first?.message ?? 'The input is not valid'}${more}`, {
    errors,
  })
}
