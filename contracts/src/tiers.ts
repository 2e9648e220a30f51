import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { displayName, idOf, slug, timestamp } from './ids.ts'

export const region = z.string().regex(/^[a-z0-9][a-z0-9-]{0,38}$/, 'must be a region code such as eu-west-1')

const demands = {
  sandbox: z.enum(['required', 'preferred']),
  allowLocal: z.boolean().describe("Whether servers from folders on the operator's machine may run here"),
  regions: z.array(region).describe('Where its workspaces may be; empty: anywhere'),
  checkEveryCall: z.boolean().describe('Check every call in the database, not in memory'),
}

export const tier = z.object({
  id: idOf('tier'),
  code: slug,
  name: z.string(),
  ...demands,
  version: z.number().int(),
  createdAt: timestamp,
})
export type Tier = z.infer<typeof tier>

export const tierEndpoints = {
  list: endpoint({
    id: 'tiers.list',
    method: 'GET',
    path: '/api/tiers',
    tag: 'tiers',
    summary: 'What each tier demands',
    access: { kind: 'user' },
    response: z.object({ items: z.array(tier) }),
  }),
  create: endpoint({
    id: 'tiers.create',
    example: { body: { code: '$CODE', name: 'Internal tools', sandbox: 'required' } },
    method: 'POST',
    path: '/api/tiers',
    tag: 'tiers',
    summary: 'Create a tier',
    access: { kind: 'platform', role: 'operator' },
    body: z.object({
      code: slug,
      name: displayName,
      sandbox: demands.sandbox.default('required'),
      allowLocal: demands.allowLocal.default(false),
      regions: demands.regions.default([]),
      checkEveryCall: demands.checkEveryCall.default(false),
    }),
    status: 201,
    response: tier,
    idempotent: true,
  }),
  update: endpoint({
    id: 'tiers.update',
    example: { body: { checkEveryCall: true } },
    method: 'PATCH',
    path: '/api/tiers/:code',
    tag: 'tiers',
    summary: 'Change what a tier demands; what runs in it is decided anew',
    access: { kind: 'platform', role: 'operator' },
    params: z.object({ code: slug }),
    body: z
      .object({ name: displayName, ...demands })
      .partial()
      .extend({ expectedVersion: z.number().int().optional() }),
    response: tier,
  }),
}
