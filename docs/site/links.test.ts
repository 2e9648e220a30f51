import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { filesLinkedFrom, placesOf, rewriteLinks } from './links.ts'
import { repository, writtenPages, type Page } from './pages.ts'

const page = (source: string, body: string): Page => ({
  slug: source.replace(/^docs\/|\.md$/g, ''),
  title: 'A page',
  description: '',
  body,
  source,
})

test('the files that pages link to are in the checkout', () => {
  const missing = writtenPages().flatMap((one) =>
    filesLinkedFrom(one)
      .filter((file) => !existsSync(path.join(repository, file)))
      .map((file) => `${one.source} → ${file}`),
  )
  expect(missing).toEqual([])
})

test('links between files become links between pages, and code stays as it is', () => {
  const first = page(
    'docs/concepts/one.md',
    '[two](../two.md#part), ![a picture](../images/x.png), [states](../../contracts/src/machines.ts#run), [`here`](#there), ' +
      '[elsewhere](https://example.com), [a file](../../package.json), `[not](a-link.md)`\n```sh\n[not](either.md)\n```\n',
  )
  const generated = { ...page('contracts/src/machines.ts', ''), slug: 'reference/states' }
  const places = placesOf([first, page('docs/two.md', ''), generated], {})
  expect(rewriteLinks(first, places)).toBe(
    '[two](/docs/two/#part), ![a picture](/docs/images/x.png), [states](/docs/reference/states/#run), [`here`](#there), ' +
      '[elsewhere](https://example.com), a file, `[not](a-link.md)`\n```sh\n[not](either.md)\n```\n',
  )
  expect(filesLinkedFrom(first)).toEqual([
    'docs/two.md',
    'docs/images/x.png',
    'contracts/src/machines.ts',
    'package.json',
  ])
})
