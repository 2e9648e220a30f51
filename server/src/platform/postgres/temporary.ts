import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canEnter, postgresAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { createCluster, createDatabase, newPasswords, privateDirectory, urlOf } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { sharedDirectory } from './location.ts'
import { freePort, launch, stop } from './postmaster.ts'

export interface TemporaryPostgres {
  /** The database `berth`, as the role `berth`, which may create further databases. */
  url: string
  pid: number
  /** Stops it and removes its files. */
  stop(): Promise<void>
}

/** Nothing on this cluster need outlive a crash, so it never waits for the disk. */
const settings = [
  'max_connections=300',
  'shared_buffers=128MB',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'autovacuum_naptime=10min',
  'log_min_messages=log',
]

/**
 * A PostgreSQL for one test run, in a folder of its own, gone without trace afterwards: at `stop`, or when this process
 * ends without it, however it ends.
 */
export async function startTemporaryPostgres(): Promise<TemporaryPostgres> {
  const account = await postgresAccount()
  const parent = account && !(await canEnter(account, tmpdir())) ? '/tmp' : tmpdir()
  const folder = await mkdtemp(join(parent, 'berth-postgres-'))
  const home = join(folder, 'home')
  const cluster: Cluster = { home, data: join(home, 'data'), account, passwords: newPasswords() }
  try {
    await chmod(folder, 0o711)
    await privateDirectory(home, account)
    const binaries = await findBinaries(account, async () => (account ? sharedDirectory(account) : folder))
    await createCluster(cluster, binaries, ['--no-sync'])
    const port = await freePort()
    const postmaster = await launch({ cluster, binaries, port, settings })
    const release = guard(postmaster.pid, folder)
    await createDatabase(cluster, port)
    return {
      url: urlOf('berth', cluster.passwords, port, 'berth'),
      pid: postmaster.pid,
      async stop() {
        await stop(postmaster, 5_000)
        release()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/**
 * Leaves a small watcher beside us that ends PostgreSQL and removes its folder once this process is gone: the pipe between
 * the two closes by itself even after kill -9. Returns the function that dismisses it.
 */
function guard(pid: number, folder: string): () => void {
  const script = `
    read -r dismissed && exit 0
    kill -QUIT "$1"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      kill -0 "$1" || break
      sleep 0.1
    done
    rm -rf "$2"`
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(pid), folder], {
    detached: true, // Ctrl-C must not end it before us
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  })
  watcher.unref()
  watcher.on('error', () => undefined)
  watcher.stdin.on('error', () => undefined)
  return () => watcher.stdin.end('dismissed\n')
}
