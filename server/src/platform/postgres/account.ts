import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The user that PostgreSQL runs under. */
export interface Account {
  uid: number
  gid: number
}

const ownUser = 'berth-postgres'

/**
 * PostgreSQL refuses to run as root. When Berth is root, returns an unprivileged account for it: the system user
 * `berth-postgres`, made on first use, else `nobody` where users cannot be made (a read-only /etc). Returns null when
 * Berth is not root: PostgreSQL then runs as the same user.
 *
 * The account must have an entry in /etc/passwd: initdb looks itself up there.
 */
export async function postgresAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const known = await lookUp(ownUser)
  if (known) return known
  await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
    ownUser,
  ]).catch(() => undefined) // another Berth may have made it just now, or users cannot be made here
  const account = (await lookUp(ownUser)) ?? (await lookUp('nobody'))
  if (!account) {
    throw new Error(
      `PostgreSQL does not run as root, and no unprivileged user exists for it. Create one: useradd --system ${ownUser}`,
    )
  }
  return account
}

async function lookUp(name: string): Promise<Account | null> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':')
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : null
}

/** Whether `account` can enter `directory`. Asked by trying, so that access lists and mounts count too. */
export async function canEnter(account: Account, directory: string): Promise<boolean> {
  const attempt = run('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], { ...account, cwd: '/' })
  return attempt.then(
    () => true,
    () => false,
  )
}
