import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const budget = 250_000

interface Page {
  path: string
  /** The modules of the page and of what stands around it. */
  modules: string[]
}

/** Every page that the router leads to. */
async function readPages(): Promise<Page[]> {
  const text = await readFile(join(root, 'src/router.tsx'), 'utf8')
  const routes = new Map<string, Page>()
  for (const [, name, route] of text.matchAll(/^const (\w+) = createRoute\(\{$(.*?)^\}\)$/gms)) {
    const parent = routes.get(/getParentRoute: \(\) => (\w+)/.exec(route!)![1]!)
    const module = /import\('\.\/(.+?)'\)/.exec(route!)?.[1]
    const own = module ? [join(root, 'src', module)] : []
    const path = (parent?.path ?? '') + /path: '(.+?)'/.exec(route!)![1]!
    routes.set(name!, { path, modules: [...(parent?.modules ?? []), ...own] })
  }
  // Routes that a function makes lead elsewhere and carry nothing.
  expect(routes.size, 'every route is understood').toBe(text.split(' = createRoute({').length - 1)
  return [...routes.values()]
}

async function buildChunks(): Promise<Rolldown.OutputChunk[]> {
  const { output } = (await build({
    root,
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'error',
    build: { write: false },
  })) as Rolldown.RolldownOutput
  return output.filter((file) => file.type === 'chunk')
}

test('the first load of every page carries at most 250 kB of script', async () => {
  const chunks = await buildChunks()
  const byFile = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
  const weights = new Map(chunks.map(({ fileName, code }) => [fileName, gzipSync(code).length]))

  function reach(file: string, reached: Set<string>): Set<string> {
    if (reached.has(file)) return reached
    reached.add(file)
    for (const next of byFile.get(file)!.imports) reach(next, reached)
    return reached
  }

  const entry = chunks.find(({ isEntry }) => isEntry)!
  const weighed = (await readPages()).map(({ path, modules }) => {
    const files = reach(entry.fileName, new Set())
    for (const module of modules)
      reach(chunks.find(({ facadeModuleId }) => facadeModuleId === module)!.fileName, files)
    return { path, bytes: [...files].reduce((sum, file) => sum + weights.get(file)!, 0) }
  })
  expect(weighed.length).toBeGreaterThan(20)
  expect(Math.min(...weighed.map(({ bytes }) => bytes))).toBeGreaterThan(50_000)
  expect(weighed.filter(({ bytes }) => bytes > budget)).toEqual([])
}, 120_000)
