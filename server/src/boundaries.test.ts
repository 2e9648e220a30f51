import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/**
 * The tiers of the server's folders. A domain imports from lower tiers only, never sideways, and from another domain
 * only its `service.ts`; what must travel upwards is an event. See docs/architecture.md.
 */
const tiers = new Map(
  [
    ['platform'],
    // E-mail: whoever changes something that people are told of stands on it.
    ['notifications'],
    // The relay knows only the platform: the runtime and the gateway both stand on it.
    ['identity', 'organizations', 'audit', 'relay'],
    ['billing', 'catalog', 'metering'],
    ['secrets', 'runs', 'workspaces', 'trust'],
    ['policy'],
    ['runtime'],
    ['lifecycle', 'gateway', 'departure', 'installation', 'onboarding'],
  ].flatMap((folders, tier) => folders.map((folder) => [folder, tier] as const)),
)

const repository = resolve(import.meta.dirname, '../..')
const source = import.meta.dirname

interface Import {
  /** Relative to the repository, as is `target` when it is a file of ours. */
  file: string
  target: string
}

/** What a source text imports: statically, dynamically, for side effects, or as types. */
function specifiersIn(text: string): string[] {
  const patterns = [
    /^(?:import|export)\b[^'"`;]*\bfrom\s+['"]([^'"]+)['"]/gm,
    /\bimport[\s(]+['"]([^'"]+)['"]/g,
  ]
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!))
}

function importsBelow(folder: string): Import[] {
  const names = readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => /\.tsx?$/.test(name) && name !== 'boundaries.test.ts')
  return files.flatMap((name) => {
    const file = join(folder, name)
    return specifiersIn(readFileSync(join(repository, file), 'utf8')).map((specifier) => {
      const path = resolve(repository, dirname(file), specifier)
      return { file, target: specifier.startsWith('.') ? relative(repository, path) : specifier }
    })
  })
}

/** Tests, and what only tests use, may reach for anything. */
function isForTests(file: string): boolean {
  return /\.test\.tsx?$|\/testing\/|\/test-kit\.ts$/.test(file)
}

function folderOf(file: string): string | null {
  const [, name, rest] = /^server\/src\/([^/]+)(\/.*)?$/.exec(file) ?? []
  return name && rest ? name : null
}

function describe({ file, target }: Import): string {
  return `${file} imports ${target}`
}

const serverImports = importsBelow('server/src').filter(({ file }) => !isForTests(file))

/** From one of the server's folders into another. Files at the top, the composition root, may import every folder. */
const crossings = serverImports.flatMap(({ file, target }) => {
  const from = folderOf(file)
  const to = folderOf(target)
  return from && to && from !== to ? [{ file, target, from, to }] : []
})

test('no kind of import is overlooked', () => {
  const text = `
import a from './a.ts'
import type { B } from './b.ts'
import {
  c,
  type D,
} from './c.ts'
import './e.ts'
export * from './f.ts'
export const g = await import('./g.ts')
export const not = ['./h.ts']
type I = import('./i.ts').I`
  expect(specifiersIn(text).toSorted()).toEqual(
    ['a', 'b', 'c', 'e', 'f', 'g', 'i'].map((name) => `./${name}.ts`),
  )
})

test('every folder of the server has a tier', () => {
  const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(folders.map((entry) => entry.name).filter((name) => !tiers.has(name))).toEqual([])
})

test('imports between folders go down, never up or sideways', () => {
  const wrong = crossings.filter(({ from, to }) => !(tiers.get(to)! < tiers.get(from)!))
  expect(wrong.map(describe)).toEqual([])
})

test('another domain is reached through its service.ts alone', () => {
  const wrong = crossings.filter(
    ({ target, to }) => to !== 'platform' && target !== `server/src/${to}/service.ts`,
  )
  expect(wrong.map(describe)).toEqual([])
})

test('no folder imports the composition root, and no program imports test helpers', () => {
  const upwards = serverImports.filter(
    ({ file, target }) => folderOf(file) && /^server\/src\/[^/]+$/.test(target),
  )
  const helpers = serverImports.filter(({ target }) => isForTests(target))
  expect([...upwards, ...helpers].map(describe)).toEqual([])
})

test('contracts import zod and each other only', () => {
  const wrong = importsBelow('contracts/src').filter(
    ({ file, target }) => !isForTests(file) && target !== 'zod' && !target.startsWith('contracts/src/'),
  )
  expect(wrong.map(describe)).toEqual([])
})

test.each(['server', 'console', 'cli'])('of the other parts, %s imports contracts only', (part) => {
  const others = /^@berth\/|^mcpctl$/
  const wrong = importsBelow(`${part}/src`).filter(({ target }) => {
    const isOurs = /^(contracts|server|console|cli|e2e|bench|scripts)\//.test(target)
    return (
      (isOurs && !target.startsWith(`${part}/`)) || (others.test(target) && target !== '@berth/contracts')
    )
  })
  expect(wrong.map(describe)).toEqual([])
})
