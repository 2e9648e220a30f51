import type { Endpoint } from './endpoint.ts'

/** A request as the documentation shows it; a string `$NAME` stands for a value the reader has. */
export interface Example {
  query?: Record<string, string>
  /** Each is a `$NAME`. */
  headers?: Record<string, string>
  /** Of a signed endpoint the text that is sent; else what is sent as JSON. */
  body?: unknown
}

export interface Sample {
  lang: 'Shell' | 'TypeScript'
  label: 'curl' | 'TypeScript'
  source: string
}

/** `workspaceId` → `WORKSPACE_ID`: what the samples call a value the reader has. */
export const variableOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** How to call an endpoint with curl and in TypeScript; both read `BERTH_URL`, `BERTH_TOKEN` and named values from the environment. */
export function samplesOf(endpoint: Endpoint): Sample[] {
  return [
    { lang: 'Shell', label: 'curl', source: curlSample(endpoint) },
    { lang: 'TypeScript', label: 'TypeScript', source: typescriptSample(endpoint) },
  ]
}

const pathOf = (endpoint: Endpoint, show: (variable: string) => string): string => {
  const path = endpoint.path.replace(/:([A-Za-z]+)/g, (_, name: string) => show(variableOf(name)))
  const query = Object.entries(endpoint.example?.query ?? {}).map(
    ([key, value]) => `${key}=${value.startsWith('$') ? show(value.slice(1)) : value}`,
  )
  return query.length > 0 ? `${path}?${query.join('&')}` : path
}

const fileNames: Record<string, string> = {
  'application/gzip': 'organization.tar.gz',
  'application/pdf': 'invoice.pdf',
  'text/html': 'invoice.html',
}

function curlSample(endpoint: Endpoint): string {
  const { method, access, stream, example } = endpoint
  const lines = [`curl${stream ? ' -N' : ''} "$BERTH_URL${pathOf(endpoint, (name) => `$${name}`)}"`]
  if (endpoint.file) lines.push(`-o ${fileNames[endpoint.file] ?? 'file'}`)
  if (method !== 'GET') lines.push(`-X ${method}`)
  if (access.kind !== 'public') lines.push('-H "Authorization: Bearer $BERTH_TOKEN"')
  for (const [name, value] of Object.entries(example?.headers ?? {})) lines.push(`-H "${name}: ${value}"`)
  if (endpoint.signed) return [...lines, `--data-binary "${String(example?.body)}"`].join(' \\\n  ')
  if (example?.body === undefined) return lines.join(' \\\n  ')
  lines.push('-H "Content-Type: application/json"', '-d @- <<JSON')
  return `${lines.join(' \\\n  ')}\n${JSON.stringify(example.body, null, 2)}\nJSON`
}

function typescriptSample(endpoint: Endpoint): string {
  const { method, access, stream, example } = endpoint
  const env = (name: string) => `\${process.env.${name}}`
  const headers = [
    ...(access.kind === 'public' ? [] : [`authorization: \`Bearer ${env('BERTH_TOKEN')}\``]),
    ...(example?.body === undefined || endpoint.signed ? [] : [`'content-type': 'application/json'`]),
    ...Object.entries(example?.headers ?? {}).map(([name, value]) => `'${name}': \`${env(value.slice(1))}\``),
  ]
  const options = [
    ...(method === 'GET' ? [] : [`  method: '${method}',`]),
    ...(headers.length > 0 ? [`  headers: { ${headers.join(', ')} },`] : []),
    ...(example?.body === undefined
      ? []
      : [`  body: ${endpoint.signed ? literal(example.body) : `JSON.stringify(${literal(example.body)})`},`]),
  ]
  const url = `\`${env('BERTH_URL')}${pathOf(endpoint, env)}\``
  const call =
    options.length > 0
      ? `const response = await fetch(${url}, {\n${options.join('\n')}\n})`
      : `const response = await fetch(${url})`
  return `${call}\n${reading(endpoint, stream === true)}`
}

function reading(endpoint: Endpoint, stream: boolean): string {
  if (stream) {
    return `for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) console.log(chunk)`
  }
  if (endpoint.file) return 'console.log(response.status, (await response.arrayBuffer()).byteLength)'
  return endpoint.response
    ? 'console.log(response.status, await response.json())'
    : 'console.log(response.status)'
}

/** A JSON value as a TypeScript literal whose `$NAME`s are read from the environment. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (value !== null && typeof value === 'object') {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${literal(inner)}`)
      .join(', ')} }`
  }
  if (typeof value !== 'string') return JSON.stringify(value)
  return value.startsWith('$') ? `process.env.${value.slice(1)}` : `'${value}'`
}
