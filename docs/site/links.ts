import path from 'node:path'
import { base, type Page } from './pages.ts'

/** Where a file of the repository is to be read on the site, or null. */
export type Places = (file: string) => string | null

/** Pages by their file; what a generated page is made from leads to that page, and images to themselves. */
export function placesOf(pages: readonly Page[], others: Record<string, string>): Places {
  const bySource = new Map(
    pages.flatMap((page) => [page.source, `docs/${page.slug}.md`].map((file) => [file, addressOf(page)])),
  )
  return (file) => {
    if (/^docs\/images\/[^/]+$/.test(file)) return `${base}/${file.slice('docs/'.length)}`
    return bySource.get(file) ?? others[file] ?? null
  }
}

export function addressOf(page: Page): string {
  return page.slug ? `${base}/${page.slug}/` : `${base}/`
}

/** The page's text with links between files of the repository turned into links between pages. */
export function rewriteLinks(page: Page, places: Places): string {
  // Every other part is code, in which nothing is a link.
  return page.body
    .split(/(^```[^]*?^```$|`[^`\n]+`)/m)
    .map((part, i) => (i % 2 === 1 ? part : rewrite(part, page, places)))
    .join('')
}

function rewrite(text: string, page: Page, places: Places): string {
  return text.replace(/\]\(([^)\s]+)\)/g, (link, target: string) => {
    if (/^([a-z]+:|#)/.test(target)) return link
    const [file = '', anchor] = target.split('#')
    const place = places(path.posix.normalize(path.posix.join(path.posix.dirname(page.source), file)))
    if (!place) throw new Error(`${page.source} links to ${target}, which is no page of the documentation.`)
    return `](${place}${anchor ? `#${anchor}` : ''})`
  })
}
