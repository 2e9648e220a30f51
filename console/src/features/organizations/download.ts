import type { Endpoint, EndpointInput } from '@berth/contracts'
import { client } from '../../api/client.ts'

/** So much is handed to the browser at once, which keeps it on disk when it grows. */
const partBytes = 8 * 1024 * 1024

/**
 * Saves the file that an endpoint answers with, telling how many bytes have come; its name. Throws ApiError when it is
 * refused, and an Error when it breaks off; nothing half is saved then.
 */
export async function download<E extends Endpoint>(
  endpoint: E,
  input: EndpointInput<E>,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<string> {
  const response = await client.send(endpoint, input, { signal })
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? 'export'
  const type = response.headers.get('content-type') ?? ''
  save(name, new Blob(await partsOf(response, { signal, onBytes }), { type }))
  return name
}

async function partsOf(
  response: Response,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<Blob[]> {
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader()
  const parts: Blob[] = []
  let chunks: Uint8Array<ArrayBuffer>[] = []
  let [bytes, loose] = [0, 0]
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      if (signal.aborted) throw cause
      throw new Error('The server broke off in the middle; nothing was saved. Try again.', { cause })
    })
    if (value) chunks.push(value)
    loose += value?.length ?? 0
    onBytes((bytes += value?.length ?? 0))
    if (!done && loose < partBytes) continue
    parts.push(new Blob(chunks))
    chunks = []
    loose = 0
    if (done) return parts
  }
}

function save(name: string, file: Blob): void {
  const href = URL.createObjectURL(file)
  const link = Object.assign(document.createElement('a'), { href, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(href), 60_000)
}
