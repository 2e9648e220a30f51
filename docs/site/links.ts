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

/** A fenced block, a link, or code on a line: whichever comes first. In code nothing is a link. */
const pattern =
  /^```[^]*?^```$|(?<image>!?)\[(?<label>(?:`[^`\n]*`|[^\]`])*)\]\((?<target>[^)\s]+)\)|`[^`\n]+`/gm

/** Addresses elsewhere, and places on the page itself. */
const untouched = /^([a-z]+:|#)/

/** The page's text with links between files of the repository turned into links between pages. */
export function rewriteLinks(page: Page, places: Places): string {
  return page.body.replace(pattern, (whole, ...rest) => {
    const { image = '', label = '', target } = rest.at(-1) as Record<string, string | undefined>
    if (target === undefined || untouched.test(target)) return whole
    const [file = '', anchor] = target.split('#')
    const place = places(fileOf(page, file))
    // What is in the checkout alone is named, not linked.
    return place ? `${image}[${label}](${place}${anchor ? `#${anchor}` : ''})` : label
  })
}

/** The files that a page links to, as paths in the repository. */
export function filesLinkedFrom(page: Page): string[] {
  return [...page.body.matchAll(pattern)]
    .map((match) => match.groups?.['target'])
    .filter((target) => target !== undefined && !untouched.test(target))
    .map((target) => fileOf(page, target!.split('#')[0]!))
}

function fileOf(page: Page, relative: string): string {
  return path.posix.normalize(path.posix.join(path.posix.dirname(page.source), relative))
}
