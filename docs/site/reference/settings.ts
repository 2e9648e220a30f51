import { settings, settingsTable } from '../../../server/src/platform/config.ts'
import type { Page } from '../pages.ts'

export function settingsPage(): Page {
  const body = `
All settings are environment variables, and all have defaults: Berth runs without any. An empty one counts as not set. A wrong
one keeps Berth from starting, with a sentence that names every setting at fault at once. \`npm start -- --help\` lists them too.

${settingsTable()}

Every process of one Berth gets the same ${settings.length} settings, but for the port and the host.
`
  return {
    slug: 'reference/settings',
    title: 'Settings',
    description: 'Every environment variable that Berth reads, with its default.',
    body,
    source: 'server/src/platform/config.ts',
  }
}
