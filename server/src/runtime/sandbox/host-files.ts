/** The few files of the host that a sandbox sees read-only: the Node binary, the libraries it loads, and a tiny `/etc`. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface ReadOnlyMount {
  source: string
  target: string
}

/** Where the sandbox finds things. */
export const inside = {
  node: '/usr/bin/node',
  prlimit: '/usr/bin/prlimit',
  launcher: '/run/berth/launcher.mjs',
  state: '/data',
  path: '/usr/local/bin:/usr/bin:/bin',
} as const

// Loaded on demand, so that ldd does not list them: name look-ups in older C libraries, native addons.
const ALSO = [
  'librt.so.1',
  'libutil.so.1',
  'libanl.so.1',
  'libresolv.so.2',
  'libnss_files.so.2',
  'libnss_dns.so.2',
]

/**
 * Mounts for a program and every library it loads, at the paths where the dynamic loader looks for them.
 * Throws when `ldd` cannot read the program.
 */
export function programMounts(program: string, target: string): ReadOnlyMount[] {
  const libraries = linkedLibraries(program)
  const folder = libraries.map(dirname).find((name) => existsSync(join(name, 'libc.so.6')))
  const extra = folder === undefined ? [] : ALSO.map((name) => join(folder, name))
  const files = [...new Set([...libraries, ...extra, '/etc/ld.so.cache'])].filter((file) => existsSync(file))
  return [
    { source: realpathSync(program), target },
    ...files.map((file) => ({ source: realpathSync(file), target: file })),
  ]
}

function linkedLibraries(program: string): string[] {
  let listing: string
  try {
    listing = execFileSync('ldd', [program], {
      encoding: 'utf8',
      env: { PATH: hostPath },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string }
    if (/not a dynamic executable|statically linked/.test(String(error) + stdout)) return []
    throw error
  }
  return [...listing.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map((match) => match[1]!)
}

/** Where host programs are looked up; never the caller's own PATH, which may hold folders that others can write. */
export const hostPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The first of the host's folders that has `program`, or null. */
export function findProgram(program: string): string | null {
  const found = hostPath.split(':').map((folder) => join(folder, program))
  return found.find((file) => existsSync(file)) ?? null
}

/** Writes the sandbox's `/etc` into `folder` and returns its mounts. It names one user, one host and no name server. */
export function etcMounts(folder: string): ReadOnlyMount[] {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  return Object.entries(etc).map(([name, text]) => {
    const source = join(folder, name)
    writeFileSync(source, text, { mode: 0o644 })
    return { source, target: `/etc/${name}` }
  })
}

const etc = {
  passwd: 'root:x:0:0:root:/:/usr/sbin/nologin\nberth:x:10001:10001:berth:/data:/usr/sbin/nologin\n',
  group: 'root:x:0:\nberth:x:10001:\n',
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  'resolv.conf': '# No name server: a declared host is resolved outside.\n',
}
