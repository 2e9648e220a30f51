import { expect, test } from 'vitest'
import { writtenPages } from '../pages.ts'
import { drawStories } from './stories.ts'

test('a drawing in a page has the actions of its story with their states, and no others', () => {
  const drawn = drawStories('before\n\n<!-- machine: subscription fall-due suspend -->\n\nafter')
  expect(drawn).toMatch(/^before\n\n<figure class="machine".*<\/figure>\n\nafter$/)
  const texts = (kind: string) =>
    [...drawn.matchAll(new RegExp(`<g class="${kind}[^"]*">.*?<text[^>]*>([^<]+)<`, 'g'))].map(
      (match) => match[1],
    )
  expect(new Set(texts('edge'))).toEqual(new Set(['fall-due', 'suspend']))
  expect(texts('state')).toEqual(['trialing', 'active', 'past_due', 'suspended'])
})

test('what there is none of is named', () => {
  expect(() => drawStories('<!-- machine: boat sail -->')).toThrow('there is no machine boat')
  expect(() => drawStories('<!-- machine: invoice sail -->')).toThrow('has no action sail')
})

test('every drawing of the written pages can be drawn', () => {
  const pages = writtenPages().filter(({ body }) => body.includes('<!-- machine'))
  expect(pages.map(({ slug }) => slug)).toContain('operate/billing')
  for (const { body } of pages) expect(drawStories(body)).not.toContain('<!-- machine')
})
