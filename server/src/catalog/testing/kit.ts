import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { z } from 'zod'
import { addServerBody, type Release } from '@berth/contracts'
import { openTestPlatform, type TestPlatform } from '../../workspaces/test-kit.ts'
import { addRelease, prepareAddition } from '../add.ts'
import { placesIn } from '../artifacts/places.ts'
import { startRegistry, type TestPackage, type TestRegistry } from './registry.ts'

type AddBody = z.input<typeof addServerBody>

export interface CatalogKit extends TestPlatform {
  registry: TestRegistry
  /** A folder for the test's own files. */
  folder: string
  add(input: AddBody): Promise<Release>
  addNpm(name: string, more?: Omit<AddBody, 'artifact'>): Promise<Release>
  /** Publishes a package and adds it. */
  published(given: TestPackage): Promise<Release>
  /** A folder with files, by name. */
  files(name: string, files: Record<string, string>): Promise<string>
}

/** A platform and a registry of a test's own; npm uses that registry until the kit is closed. */
export async function openCatalogKit(): Promise<CatalogKit> {
  const kit = await openTestPlatform({ jobNames: ['catalog.observe'] })
  const registry = await startRegistry()
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-catalog-'))
  const before = process.env['npm_config_registry']
  process.env['npm_config_registry'] = registry.url
  const add: CatalogKit['add'] = async (input) => {
    const addition = await prepareAddition(placesIn(kit.dataDir), addServerBody.parse(input))
    return await kit.change((tx) => addRelease(tx, addition))
  }
  const addNpm: CatalogKit['addNpm'] = (name, more = {}) =>
    add({ artifact: { kind: 'npm', package: name }, ...more })
  return {
    ...kit,
    registry,
    folder,
    add,
    addNpm,
    published: async (given) => {
      registry.publish(given)
      return await addNpm(given.name)
    },
    files: async (name, files) => {
      const root = path.join(folder, name)
      for (const [file, text] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(root, file)), { recursive: true })
        await writeFile(path.join(root, file), text)
      }
      return root
    },
    close: async () => {
      if (before === undefined) delete process.env['npm_config_registry']
      else process.env['npm_config_registry'] = before
      await registry.close()
      await kit.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A package that node can run. */
export const program = (name: string, more: Partial<TestPackage> = {}): TestPackage => ({
  name,
  version: '1.0.0',
  bin: 'index.js',
  files: { 'index.js': '#!/usr/bin/env node\n' },
  ...more,
})
