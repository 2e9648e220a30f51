import { entitlements } from '@berth/contracts'
import { planFileFields } from '../../../server/src/billing/plans/file.ts'
import type { Page } from '../pages.ts'
import { code, table } from './table.ts'

const written = {
  boolean: '`false`: this version of Berth has nothing that it would grant',
  static: 'a whole number, or `unlimited`',
  concurrency: 'a whole number, or `unlimited`',
  metered: '`{ limit, reset, mode }`',
} as const

export function planFilePage(): Page {
  const fields = planFileFields.map(({ name, default: absent, meaning }) => [
    code(name),
    absent === null ? 'must be given' : code(absent),
    meaning,
  ])
  const grants = Object.entries(entitlements).map(([key, { kind, meaning }]) => [
    code(key),
    kind,
    written[kind],
    meaning,
  ])
  const body = `
A plan file is YAML: \`plans\`, by their names, each with the fields below. \`mcpctl billing plans export\` writes one, and
\`mcpctl billing plans apply --dry-run\` says what a file would publish. Every fault is named with its place, and then nothing is applied.
[Plans and payments](../../../../docs/operate/plans.md) has an example.

## Fields

${table(['field', 'default', 'meaning'], fields)}

## Grants

${table(['key', 'kind', 'value', 'what it counts'], grants)}

Metered ones take \`limit\` (a whole number, or \`unlimited\`), \`reset\` (\`day\`, \`week\` from Monday, \`month\` from the day the
subscription began, or its \`period\`; all by the calendar of the organization's zone) and \`mode\`: \`hard\`, which is the default, is never
passed; \`soft\` lets through and marks what is over.
`
  return {
    slug: 'reference/plan-file',
    title: 'The plan file',
    description: 'Every field of a plan, and everything that plans can grant.',
    body,
    source: 'server/src/billing/plans/file.ts',
  }
}
