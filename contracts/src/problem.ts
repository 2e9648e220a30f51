import { z } from 'zod'

/** The closed list of error codes, each with its HTTP status and what it means to a reader. */
export const problemCodes = {
  invalid_input: { status: 400, title: 'The input is not valid' },
  unauthenticated: { status: 401, title: 'Sign in or send a token' },
  forbidden: { status: 403, title: 'You may not do this' },
  setup_code_required: { status: 403, title: 'The set-up code is needed' },
  foreign_origin: { status: 403, title: 'The request comes from another site' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  duplicate: { status: 409, title: 'It exists already' },
  invalid_state: { status: 409, title: 'Not possible in the present state' },
  version_conflict: { status: 409, title: 'Somebody changed it meanwhile' },
  idempotency_conflict: { status: 409, title: 'The idempotency key was used for another request' },
  too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  policy_veto: { status: 422, title: 'Policy does not allow it' },
  invalid_config: { status: 422, title: "The configuration does not fit the server's schema" },
  artifact_unavailable: { status: 422, title: 'The artifact cannot be used' },
  tool_failed: { status: 422, title: 'The server did not answer the call' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong in Berth' },
  unavailable: { status: 503, title: 'Not available right now' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof problemCodes

const codes = Object.keys(problemCodes) as [ProblemCode, ...ProblemCode[]]

/** RFC 9457 `application/problem+json`, as every refusal of the API is sent. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.enum(codes),
  detail: z.string().describe('A sentence a person can act on'),
  requestId: z.string(),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe('For invalid input: every field at fault'),
  notes: z.array(z.string()).optional().describe('For a policy veto: the notes of the decision'),
  decisionId: z.string().optional(),
  current: z.unknown().optional().describe('For a version conflict: the row as it is now'),
})
export type Problem = z.infer<typeof problem>
