/** The pages of the site: what is written in docs, and what is made from the code. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const docsFolder = path.resolve(import.meta.dirname, '..')
export const repository = path.resolve(docsFolder, '..')
/** Where the server shows the site. */
export const base = '/docs'

export interface Page {
  /** Its address below the base, without slashes around it; the first page's is empty. */
  slug: string
  title: string
  description: string
  /** Markdown, whose relative links are those of the repository. */
  body: string
  /** The file of the repository that it is, or is made from. */
  source: string
  /** The deepest headings that the table of contents names. */
  contentsTo?: number
}

const notPages = new Set(['node_modules', 'dist', 'dist.next', 'site', 'images'])

/** Everything written in docs. */
export function writtenPages(): Page[] {
  return markdownBelow('').map((file) =>
    readPage(`docs/${file}`, readFileSync(path.join(docsFolder, file), 'utf8')),
  )
}

function markdownBelow(folder: string): string[] {
  return readdirSync(path.join(docsFolder, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name)
    if (entry.isDirectory()) return notPages.has(entry.name) ? [] : markdownBelow(name)
    return entry.name.endsWith('.md') ? [name] : []
  })
}

/** A page of Markdown: its title is in the front matter or is the first heading, its description the first paragraph. */
export function readPage(source: string, text: string): Page {
  const [whole, matter = ''] = /^---\n([^]*?)\n---\n/.exec(text) ?? ['']
  const fields = new Map(
    matter.split('\n').map((line) => {
      const [name, ...value] = line.split(':')
      return [
        name!.trim(),
        value
          .join(':')
          .trim()
          .replace(/^(['"])(.*)\1$/, '$2'),
      ] as const
    }),
  )
  const rest = text.slice(whole.length)
  const [heading = '', first] = /^# (.+)\n/m.exec(rest) ?? []
  const body = rest.replace(heading, '')
  const title = fields.get('title') ?? first
  if (!title) throw new Error(`${source} has no title: begin it with a line "# Title".`)
  const slug = source
    .replace(/^docs\//, '')
    .replace(/\.md$/, '')
    .replace(/(^|\/)README$/, '')
  return { slug, title, description: fields.get('description') ?? firstSentence(body), body, source }
}

function firstSentence(body: string): string {
  const paragraph = body.split(/\n\n+/).find((text) => /^[A-Za-z`*[]/.test(text.trim())) ?? ''
  const plain = paragraph
    .replace(/\s+/g, ' ')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .trim()
  return /^.*?[.!?](?= |$)/.exec(plain)?.[0] ?? plain
}
