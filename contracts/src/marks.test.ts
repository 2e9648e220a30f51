import { expect, test } from 'vitest'
import { personalFieldsOf } from './events.ts'
import { toSlug } from './ids.ts'

test('only fields that are declared personal are kept out of the log', () => {
  expect(personalFieldsOf('workspace.updated')).toEqual(['changes'])
  expect(personalFieldsOf('tier.updated')).toEqual([])
  expect(personalFieldsOf('run.changed')).toEqual(['reason'])
})

test('a slug keeps the letters under accents', () => {
  expect(toSlug('Künstliche Intelligenz für Zoë & Åsa')).toBe('kunstliche-intelligenz-fur-zoe-asa')
  expect(toSlug('日本')).toBe('')
})
