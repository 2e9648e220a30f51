import { deploymentTokenScopes, type Permission } from '@berth/contracts'

/** What tokens are mostly for, each with the scopes that takes; of these, those that can be given at all. */
export const purposes = {
  client: {
    label: 'An MCP client',
    hint: 'Calls tools, sees deployments',
    scopes: (held: readonly Permission[]) =>
      held.filter((one) => one === 'tools:call' || one === 'deployments:read'),
  },
  reader: {
    label: 'A program that reads',
    hint: 'Everything that can be read',
    scopes: (held: readonly Permission[]) => held.filter((one) => one.endsWith(':read')),
  },
  full: {
    label: 'Everything that I may do',
    hint: 'Every scope that you can give',
    scopes: (held: readonly Permission[]) => held,
  },
  custom: {
    label: 'Something else',
    hint: 'Choose the scopes',
    scopes: (held: readonly Permission[]) => held,
  },
}

export type Purpose = keyof typeof purposes

/** What of some scopes a token for certain deployments can have. */
export const withinDeployments = (scopes: readonly Permission[]): Permission[] =>
  scopes.filter((one) => deploymentTokenScopes.includes(one))

/** How long a token may live; days. */
export const lifetimes = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
  { value: 'never', label: 'never expires' },
]

export const daysOf = (lifetime: string): number | null => (lifetime === 'never' ? null : Number(lifetime))
