/** The fenced blocks of the documentation's pages. */
import { writtenPages } from '../../docs/site/pages.ts'

export interface Block {
  page: string
  language: string
  /** Why its commands cannot be run by a test: `sh skip="needs root"`. */
  skip: string | null
  /** The exit statuses that it may end with: `sh exit=1`, `sh exit=0|1`. */
  exit: string
  text: string
}

export function blocks(): Block[] {
  return writtenPages().flatMap(({ source, body }) =>
    [...body.matchAll(/^```(\S+)([^\n]*)\n([^]*?)^```$/gm)].map(
      ([, language = '', mark = '', text = '']) => ({
        page: source,
        language,
        skip: /\bskip="([^"]*)"/.exec(mark)?.[1] ?? null,
        exit: /\bexit=([\d|]+)/.exec(mark)?.[1] ?? '0',
        text,
      }),
    ),
  )
}
