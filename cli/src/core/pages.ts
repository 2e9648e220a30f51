import type { Command } from 'commander'
import { Option } from 'commander'
import { wholeNumber } from './command.ts'

const largestPage = 200

/** The options of every list that comes in pages. */
export interface PageOptions {
  limit: number
  cursor?: string
  all?: boolean
}

/** One page, as the API gives it and `--json` prints it. */
export interface Page<T> {
  items: T[]
  nextCursor: string | null
}

/** Adds the options of a paged list to a command. */
export function paged(command: Command): Command {
  return command
    .addOption(new Option('--limit <n>', 'how many').default(50).argParser(wholeNumber(1, 10_000)))
    .option('--cursor <cursor>', 'continue after an earlier list (its nextCursor)')
    .option('--all', 'everything there is')
}

/** Reads pages until as many items are there as the options ask for. */
export async function readPages<T>(
  options: PageOptions,
  fetchPage: (query: { cursor?: string; limit: number }) => Promise<Page<T>>,
): Promise<Page<T>> {
  const wanted = options.all ? Infinity : options.limit
  const items: T[] = []
  let cursor = options.cursor
  for (;;) {
    const page = await fetchPage({ cursor, limit: Math.min(wanted - items.length, largestPage) })
    items.push(...page.items)
    if (page.nextCursor === null || items.length >= wanted) return { items, nextCursor: page.nextCursor }
    cursor = page.nextCursor
  }
}

/** Everything of a list, page after page. */
export async function readAll<T>(
  fetchPage: (query: { cursor?: string; limit: number }) => Promise<Page<T>>,
): Promise<T[]> {
  const { items } = await readPages({ limit: 1, all: true }, fetchPage)
  return items
}
