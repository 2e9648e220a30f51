import { describe, expect, it } from 'vitest'
import type { Surface } from '@berth/contracts'
import { driftBetween, surfaceHash } from '../platform/surface.ts'
import { additions, isPartOf, kindOf, standardFor } from './surfaces.ts'

const tool = (name: string, description = name) => ({ name, description, inputSchema: { type: 'object' } })
const showing = (...tools: ReturnType<typeof tool>[]): Surface => ({
  serverInfo: { name: 'server' },
  tools,
  prompts: [],
  resources: [],
  resourceTemplates: [],
})
const seen = (surface: Surface) => ({ surface, hash: surfaceHash(surface) })
const client = (capabilities: Record<string, unknown>) => ({
  protocolVersion: '2025-11-25',
  capabilities,
  clientInfo: {},
})

/** What drifts when a session shows `shown` where `plain` is admitted and the first of its kind showed `first`. */
const drift = (plain: Surface, first: Surface, shown: Surface) =>
  driftBetween(standardFor(plain, additions(plain, first), shown), shown).map(({ name, change }) => [
    name,
    change,
  ])

describe('what a session of its own may be shown', () => {
  const plain = showing(tool('a'), tool('b'))
  const first = showing(tool('a'), tool('b'), tool('ask'))

  it('is the plain surface and what the first session of its kind was shown, or a part of it', () => {
    expect(drift(plain, first, first)).toEqual([])
    expect(drift(plain, first, plain)).toEqual([])
    expect(drift(plain, first, showing(tool('a')))).toEqual([])
  })

  it('is nothing more, and nothing rewritten', () => {
    expect(drift(plain, first, showing(tool('a'), tool('new')))).toEqual([['new', 'added']])
    expect(drift(plain, first, showing(tool('a'), tool('ask', 'else')))).toEqual([['ask', 'changed']])
    expect(drift(plain, first, showing(tool('a', 'else'), tool('b')))).toEqual([['a', 'changed']])
  })

  it('is not what the first session rewrote of the plain surface', () => {
    const rewritten = showing(tool('a', 'else'), tool('b'), tool('ask'))
    expect(drift(plain, rewritten, rewritten)).toEqual([['a', 'changed']])
  })
})

it('a surface is unfinished only when nothing but some of its things is missing', () => {
  const standard = showing(tool('a'), tool('b'))
  expect(isPartOf(standard, seen(showing(tool('a'))))).toBe(true)
  expect(isPartOf(standard, seen(standard))).toBe(false)
  expect(isPartOf(standard, seen(showing(tool('a', 'else'))))).toBe(false)
  expect(isPartOf(standard, seen(showing(tool('a'), tool('c'))))).toBe(false)
})

it('clients are of one kind when they declare the same that servers go by', () => {
  expect(kindOf(client({}))).toBe('')
  expect(kindOf(client({ experimental: { x: 1 } }))).toBe('')
  expect(kindOf(client({ roots: {}, sampling: {} }))).toBe(
    kindOf(client({ sampling: {}, roots: {}, other: {} })),
  )
  expect(kindOf(client({ elicitation: { url: {} } }))).not.toBe(kindOf(client({ elicitation: {} })))
  expect(kindOf(client({ roots: { listChanged: false } }))).toBe(kindOf(client({ roots: {} })))
  expect(kindOf(client({ sampling: null, roots: 'yes' }))).toBe('roots')
})
