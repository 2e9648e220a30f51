import { expect } from 'vitest'
import type { Given } from './rows.ts'

export interface Operation {
  id: string
  method: string
  path: string
  isStream: boolean
}

/** Every operation of the OpenAPI document. */
export async function operationsOf(url: string): Promise<Operation[]> {
  const document = (await (await fetch(`${url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string; tags?: string[]; responses: object }>>
  }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      isStream: path.endsWith('/stream'),
    })),
  )
}

export interface Answer {
  status: number
  text: string
}

function requestOf(
  base: string,
  operation: Operation,
  given: Given,
  token: string | null,
): { url: string; init: RequestInit } {
  const filled = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(given.params![name]!),
  )
  const query = new URLSearchParams(given.query).toString()
  const headers = {
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(given.body !== undefined && { 'content-type': 'application/json' }),
    ...given.headers,
  }
  const body = given.body === undefined ? {} : { body: JSON.stringify(given.body) }
  return {
    url: base + filled + (query && `?${query}`),
    init: { method: operation.method, headers, ...body },
  }
}

/** Sends a request with a token, or none; of a stream only the beginning is read. */
export async function sendTo(
  base: string,
  operation: Operation,
  given: Given,
  token: string | null,
): Promise<Answer> {
  const abort = new AbortController()
  const { url, init } = requestOf(base, operation, given, token)
  const response = await fetch(url, { ...init, signal: abort.signal })
  if (!operation.isStream || !response.ok) return { status: response.status, text: await response.text() }
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const { value } = await response.body!.getReader().read()
  abort.abort()
  return { status: response.status, text: Buffer.from(value!).toString() }
}

/** Reads a stream on; `text` grows, `ended` resolves when it is over. */
export async function openAt(base: string, operation: Operation, given: Given, token: string) {
  const abort = new AbortController()
  const { url, init } = requestOf(base, operation, given, token)
  const response = await fetch(url, { ...init, signal: abort.signal })
  expect(response.status).toBe(200)
  const stream = { text: '', ended: Promise.resolve(), close: () => abort.abort() }
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  stream.text += (await reader.read()).value ?? ''
  stream.ended = (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      stream.text += value
    }
  })().catch(() => {})
  return stream
}
