import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { personalFieldsOf } from '@berth/contracts'
import { newId } from '../ids.ts'
import { canonical, commitment, leafOf, prepareEvent } from './leaf.ts'

const place = {
  at: new Date('2026-11-23T09:00:00.123Z'),
  actor: { kind: 'user', id: 'usr_1', tokenId: 'tok_1' } as const,
  requestId: 'req_1',
}

const organizationId = newId('organization')
const named = (name: string) =>
  prepareEvent(organizationId, 'organization.created', { name, slug: 'acme', timeZone: 'UTC' })

describe('a leaf', () => {
  test('is exactly the canonical JSON that the format names, around its number', () => {
    const payload = { deploymentId: newId('deployment'), workspaceId: newId('workspace') }
    const effectiveAt = new Date('2026-11-24T00:00:00Z')
    const event = prepareEvent(organizationId, 'deployment.stopped', payload, effectiveAt)
    const { before, after } = leafOf(event, place)
    expect(`${before}7${after}`).toBe(
      `{"actor":"usr_1","at":"2026-11-23T09:00:00.123Z","effectiveAt":"2026-11-24T00:00:00.000Z",` +
        `"organization":"${organizationId}","payload":{"deploymentId":"${payload.deploymentId}",` +
        `"workspaceId":"${payload.workspaceId}"},"request":"req_1","seq":7,"type":"deployment.stopped","v":1,"version":1}`,
    )
  })

  test('carries no personal text, only commitments that its openings lead to', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, unit: 'binary' }), (name) => {
        const event = named(name)
        const { before, after } = leafOf(event, place)
        const text = before + after
        expect(text).not.toContain(JSON.stringify(name).slice(1, -1))
        expect(event.openings.map((opening) => opening.field)).toEqual(
          personalFieldsOf('organization.created'),
        )
        for (const opening of event.openings)
          expect(event.payload[opening.field]).toEqual(commitment(opening))
      }),
      { numRuns: 30 },
    )
  })

  test('does not tell that two personal texts are the same', () => {
    const [one, other] = [named('Jane Doe'), named('Jane Doe')]
    expect(one.payload['name']).not.toEqual(other.payload['name'])
  })

  test('refuses a payload that its type does not declare', () => {
    const payload = { deploymentId: newId('deployment'), workspaceId: newId('workspace'), secret: 'x' }
    expect(() => prepareEvent(organizationId, 'deployment.stopped', payload as never)).toThrow('secret')
  })
})

test('canonical JSON does not depend on the order of members', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) => {
      const turned = Object.fromEntries(Object.entries(value).toReversed())
      expect(canonical(turned)).toBe(canonical(value))
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})
