/** `node docs/site/build.ts <folder>`: makes the documentation site into a folder. */
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import starlight from '@astrojs/starlight'
import { build } from 'astro'
import { passthroughImageService } from 'astro/config'
import { finishPages } from './finish.ts'
import { placesOf, rewriteLinks } from './links.ts'
import { base, docsFolder, repository, writtenPages, type Page } from './pages.ts'
import { generatedPages } from './reference/index.ts'
import { drawStories } from './reference/stories.ts'
import { apiReference, sidebarOf } from './sidebar.ts'

const root = import.meta.dirname
const source = path.join(root, 'src')
const cache = path.join(root, '.astro/cache')

async function main([folder]: string[]): Promise<void> {
  if (!folder) throw new Error('Name the folder to build into.')
  const out = path.resolve(folder)
  const pages = [...writtenPages(), ...generatedPages()]
  writeContent([...pages, notFound])
  writeFileSync(path.join(source, 'tokens.css'), tokensOfTheConsole())
  // Astro keeps rendered pages by their text alone: nothing of an earlier build may stay, with other settings.
  rmSync(cache, { recursive: true, force: true })
  await build({
    configFile: false,
    root,
    srcDir: source,
    publicDir: path.join(repository, 'console/public'),
    outDir: out,
    cacheDir: cache,
    base,
    logLevel: 'error',
    // Two hyphens are two hyphens.
    markdown: { smartypants: false },
    image: { service: passthroughImageService() },
    devToolbar: { enabled: false },
    // The server's policy allows fonts of its own address only.
    vite: { build: { assetsInlineLimit: 0 } },
    integrations: [
      starlight({
        title: 'Berth',
        description: 'Runs third-party MCP servers for organizations that have to answer for them.',
        favicon: '/favicon.svg',
        customCss: ['./src/styles.css'],
        sidebar: sidebarOf(pages),
        pagination: false,
        components: { ThemeProvider: './src/ThemeProvider.astro', Sidebar: './src/Sidebar.astro' },
        expressiveCode: {
          themes: ['github-dark', 'github-light'],
          defaultProps: { frame: 'none', wrap: true },
          styleOverrides: {
            borderColor: 'var(--line)',
            borderRadius: '8px',
            codeBackground: 'var(--bg)',
            codeFontSize: '0.8125rem',
            frames: { frameBoxShadowCssValue: 'none' },
          },
        },
      }),
    ],
  })
  cpSync(path.join(docsFolder, 'images'), path.join(out, 'images'), { recursive: true })
  writeFileSync(path.join(out, 'reference.css'), looksOfTheReference(out))
  writeFileSync(path.join(out, 'inline-scripts.json'), JSON.stringify(finishPages(out)))
}

const notFound: Page = {
  slug: '404',
  title: 'There is no such page',
  description: 'There is no page at this address.',
  body: '\nIt may have moved. Look for it with the search above (Ctrl K), or begin at [the first page](README.md).\n',
  source: 'docs/404.md',
}

/** Lays the pages where Starlight looks for them. */
function writeContent(pages: readonly Page[]): void {
  const content = path.join(source, 'content/docs')
  rmSync(content, { recursive: true, force: true })
  const places = placesOf(pages, { 'contracts/src/api.ts': apiReference })
  for (const page of pages) {
    const file = path.join(content, `${page.slug || 'index'}.md`)
    const contents = page.contentsTo ? { tableOfContents: { maxHeadingLevel: page.contentsTo } } : {}
    const matter = JSON.stringify({ title: page.title, description: page.description, ...contents })
    mkdirSync(path.dirname(file), { recursive: true })
    // JSON is YAML too.
    writeFileSync(file, `---\n${matter}\n---\n${drawStories(rewriteLinks(page, places))}`)
  }
}

/** The console's colours, in both themes: the site looks like it and cannot come apart from it. */
function tokensOfTheConsole(): string {
  const css = readFileSync(path.join(repository, 'console/src/styles.css'), 'utf8')
  const blocks = [/^:root \{[^}]*\}/m, /^\[data-theme='dark'\] \{[^}]*\}/m].map(
    (block) => block.exec(css)?.[0],
  )
  if (blocks.includes(undefined))
    throw new Error('console/src/styles.css has no colours where they are looked for.')
  return `${blocks.join('\n\n')}\n`
}

/** A style sheet for the page of the API's reference, which is no page of this site: its faces and the same colours. */
function looksOfTheReference(out: string): string {
  const built = globSync('_astro/*.css', { cwd: out }).map((name) =>
    readFileSync(path.join(out, name), 'utf8'),
  )
  const faces = built.flatMap((css) => css.match(/@font-face\s*\{[^}]*\}/g) ?? [])
  if (faces.length === 0) throw new Error('The built style sheets have no faces where they are looked for.')
  const colours = tokensOfTheConsole().replace("[data-theme='dark']", '.dark-mode')
  return [...faces, colours, readFileSync(path.join(source, 'reference.css'), 'utf8')].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2))
