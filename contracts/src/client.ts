import type { Endpoint, EndpointInput, EndpointOutput } from './endpoint.ts'
import { problem, type Problem } from './problem.ts'

/** A refusal by the API, with the problem it sent. */
export class ApiError extends Error {
  readonly problem: Problem
  constructor(given: Problem) {
    super(given.detail)
    this.name = 'ApiError'
    this.problem = given
  }
}

/** The server could not be reached, or answered with something that is not Berth's. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

export interface ClientOptions {
  baseUrl: string
  fetch?: typeof fetch
  /** Headers of every request, e.g. the bearer token; asked anew each time. */
  headers?: () => Record<string, string>
}

export interface CallOptions {
  idempotencyKey?: string
  signal?: AbortSignal
  headers?: Record<string, string>
}

/** Fills `:name` in an endpoint's path and appends the query. */
export function urlOf(
  path: string,
  params: Record<string, unknown> = {},
  query: Record<string, unknown> = {},
): string {
  const filled = path.replace(/:([A-Za-z]+)/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue
    for (const one of Array.isArray(value) ? value : [value]) search.append(key, String(one))
  }
  const text = search.toString()
  return text ? `${filled}?${text}` : filled
}

/** A client of the API that takes endpoints as values: `call(workspaceEndpoints.list, { params })`. */
export function createClient(options: ClientOptions) {
  const doFetch = options.fetch ?? fetch

  /** Sends one request and returns the raw response; throws ApiError on a refusal. */
  async function send<E extends Endpoint>(
    endpoint: E,
    input: EndpointInput<E>,
    more: CallOptions = {},
  ): Promise<Response> {
    const { params, query, body } = input as { params?: object; query?: object; body?: unknown }
    const url = options.baseUrl + urlOf(endpoint.path, { ...params }, { ...query })
    const headers: Record<string, string> = { ...options.headers?.(), ...more.headers }
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (more.idempotencyKey) headers['idempotency-key'] = more.idempotencyKey
    headers['accept'] = endpoint.stream ? 'text/event-stream' : (endpoint.file ?? 'application/json')
    let response: Response
    try {
      response = await doFetch(url, {
        method: endpoint.method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: more.signal,
        credentials: 'same-origin',
      })
    } catch (error) {
      if (more.signal?.aborted) throw error
      throw new UnreachableError(`Berth does not answer at ${options.baseUrl}.`, { cause: error })
    }
    if (response.ok) return response
    throw await refusalFrom(response, options.baseUrl)
  }

  async function call<E extends Endpoint>(
    endpoint: E,
    input: EndpointInput<E>,
    more?: CallOptions,
  ): Promise<EndpointOutput<E>> {
    const response = await send(endpoint, input, more)
    if (response.status === 204) return undefined as EndpointOutput<E>
    return (await response.json()) as EndpointOutput<E>
  }

  return { call, send }
}

export type Client = ReturnType<typeof createClient>

async function refusalFrom(response: Response, baseUrl: string): Promise<Error> {
  const text = await response.text()
  try {
    return new ApiError(problem.parse(JSON.parse(text)))
  } catch {
    return new UnreachableError(
      `${baseUrl} answered ${response.status} with something that is not Berth's. Is the address right?`,
    )
  }
}
