import { z } from 'zod'

/** The closed list of error codes, each with its HTTP status, what it means to a reader and what they can do. */
export const problemCodes = {
  invalid_input: {
    status: 400,
    title: 'The input is not valid',
    remedy: '`errors` names every field at fault and what would be right. Correct them and send it again.',
  },
  unauthenticated: {
    status: 401,
    title: 'Sign in or send a token',
    remedy:
      'Sign in, or send a token that holds: `Authorization: Bearer …`. Tokens expire and can be revoked.',
  },
  second_factor_required: {
    status: 401,
    title: 'The second factor is needed',
    remedy:
      'Send `code` along: six digits of the authenticator app, or one of the recovery codes. Each is good once.',
  },
  forbidden: {
    status: 403,
    title: 'You may not do this',
    remedy:
      'Ask an owner or admin of the organization for a role, or for a token with a scope, that may do this.',
  },
  email_unverified: {
    status: 403,
    title: 'The e-mail address has to be confirmed first',
    remedy:
      'Open the link in the letter that came when the account was made. `POST /api/email/resend` sends another one; `POST /api/me/email` changes the address.',
  },
  setup_code_required: {
    status: 403,
    title: 'The set-up code is needed',
    remedy:
      'Berth prints the code where it starts. The first account needs it, since that account becomes the operator.',
  },
  foreign_origin: {
    status: 403,
    title: 'The request comes from another site',
    remedy:
      "A browser may change things only from Berth's own pages. Open Berth at its own address, or set `BERTH_PUBLIC_URL` to the one in use.",
  },
  not_found: {
    status: 404,
    title: 'Not found',
    remedy: 'Check the address and the id. What you may not see is answered like this, too.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The method is not allowed here',
    remedy: 'The `Allow` header names the methods that this address has.',
  },
  duplicate: {
    status: 409,
    title: 'It exists already',
    remedy: 'Choose another name, or use what is there already.',
  },
  invalid_state: {
    status: 409,
    title: 'Not possible in the present state',
    remedy: 'The sentence says in which state it is and from which states this is possible.',
  },
  version_conflict: {
    status: 409,
    title: 'Somebody changed it meanwhile',
    remedy:
      '`current` is how it is now. Look at what the other person changed, and send your change again on top of it.',
  },
  idempotency_conflict: {
    status: 409,
    title: 'The idempotency key was used for another request',
    remedy: 'Use a new `Idempotency-Key` for a new request; the same key only repeats the very same one.',
  },
  too_large: {
    status: 413,
    title: 'The request is too large',
    remedy: 'Send less at once. The sentence names the limit.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not supported',
    remedy: 'Send JSON, with `Content-Type: application/json`.',
  },
  policy_veto: {
    status: 422,
    title: 'Policy does not allow it',
    remedy:
      '`notes` says what stands in the way, and `decisionId` leads to the whole decision: `mcpctl policy explain`.',
  },
  invalid_config: {
    status: 422,
    title: "The configuration does not fit the server's schema",
    remedy: '`errors` names each field of the configuration that does not fit the schema of the release.',
  },
  artifact_unavailable: {
    status: 422,
    title: 'The artifact cannot be used',
    remedy:
      'Check that the package, folder or address exists, that Berth can reach it, and that it is what the release names.',
  },
  tool_failed: {
    status: 422,
    title: 'The server did not answer the call',
    remedy:
      "Look at the server's log (`mcpctl deployments logs`). The server failed or went away; Berth did not.",
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait as long as `Retry-After` says, then go on more slowly.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong in Berth',
    remedy: "It is in Berth's log under the request id. Try again; if it stays, report it with that id.",
  },
  unavailable: {
    status: 503,
    title: 'Not available right now',
    remedy: 'Try again shortly. `/readyz` says what is missing: the database, or a fresh view of the log.',
  },
} as const satisfies Record<string, { status: number; title: string; remedy: string }>

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
