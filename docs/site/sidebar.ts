import { base, type Page } from './pages.ts'

/** The site's sections in order. What ends in a slash stands for every page below that is not named itself. */
const sections: { label: string; pages: string[] }[] = [
  {
    label: 'Start here',
    pages: ['', 'first-call', 'sign-up', 'connect', 'build-a-server', 'troubleshooting'],
  },
  {
    label: 'Concepts',
    pages: [
      'organization',
      'member',
      'token',
      'server',
      'release',
      'surface',
      'tier',
      'workspace',
      'deployment',
      'isolation',
      'secret',
      'instance',
      'run',
      'decision',
      'log',
      'drift',
      'plan',
    ].map((noun) => `concepts/${noun}`),
  },
  {
    label: 'Operate',
    pages: [
      'operate/host',
      'operate/processes',
      'operate/backup',
      'operate/upgrade',
      'operate/secret-key',
      'operate/monitoring',
      'operate/plans',
      'operate/billing',
      'operate/locked-out',
      'operate/',
      'platforms',
      'stability',
      'telemetry',
      'removing',
    ],
  },
  {
    label: 'Reference',
    pages: [
      'reference/settings',
      'reference/notes',
      'reference/errors',
      'reference/states',
      'reference/permissions',
      'reference/events',
      'reference/plan-file',
      'api',
      'reference/mcpctl',
      'reference/mcpctl/',
    ],
  },
  {
    label: 'For maintainers',
    pages: ['architecture', 'adding-an-endpoint', 'billing-invariants', 'benchmarks', 'decisions/'],
  },
]

type Entry = { label: string; link: string } | { slug: string; label?: string }
interface Group {
  label: string
  collapsed?: boolean
  items: (Entry | Group)[]
}

/** The sidebar. Every page has its place in it, and every section has pages. */
export function sidebarOf(pages: readonly Page[]): Group[] {
  const left = new Set(pages.map((page) => page.slug))
  const named = new Set(sections.flatMap((section) => section.pages))
  const result = sections.map(({ label, pages: wanted }): Group => {
    const slugs = wanted.flatMap((one) => {
      if (one === 'api' || !one.endsWith('/')) return [one]
      return [...left].filter((slug) => slug.startsWith(one) && !named.has(slug)).sort()
    })
    for (const slug of slugs) {
      if (!left.delete(slug) && slug !== 'api')
        throw new Error(`The sidebar names ${slug}, which is no page.`)
    }
    return { label, items: grouped(slugs) }
  })
  if (left.size > 0) throw new Error(`Not in the sidebar: ${[...left].join(', ')}. Add them in sidebar.ts.`)
  return result.filter((group) => group.items.length > 0)
}

/** Entries, with the commands of mcpctl in a group of their own. */
function grouped(slugs: string[]): (Entry | Group)[] {
  const commands = slugs.filter((slug) => slug.startsWith('reference/mcpctl/'))
  const entries = slugs.filter((slug) => !commands.includes(slug)).map(entryOf)
  if (commands.length === 0) return entries
  return [...entries, { label: 'Commands of mcpctl', collapsed: true, items: commands.map(entryOf) }]
}

function entryOf(slug: string): Entry {
  if (slug === 'api') return { label: 'HTTP API', link: '/api' }
  return slug ? { slug } : { slug: 'index', label: 'Overview' }
}

/** What the site links to without it being a page of its own. */
export const apiReference = `${base}/api`
