import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { timestamp } from './ids.ts'

export const capabilityReport = z.object({
  name: z.string(),
  ok: z.boolean(),
  sentence: z.string(),
})

export const platformState = z.object({
  version: z.string(),
  schemaVersion: z.number().int(),
  startedAt: timestamp,
  publicUrl: z.string(),
  runners: z.array(
    z.object({
      id: z.string(),
      address: z.string(),
      roles: z.array(z.string()),
      aliveUntil: timestamp,
      capabilities: z.array(capabilityReport),
    }),
  ),
})

export const platformEndpoints = {
  state: endpoint({
    id: 'platform.state',
    method: 'GET',
    path: '/api/platform',
    tag: 'platform',
    summary: 'The installation: version, processes, and what their machines can enforce',
    access: { kind: 'platform', role: 'operator' },
    response: platformState,
  }),
}
