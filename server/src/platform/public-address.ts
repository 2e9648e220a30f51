import { isLoopback, type Config } from './config.ts'

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/**
 * Host headers this server answers to: its public name and this machine's own names. Null, any, when it listens to
 * other machines and was not told its name.
 */
export function allowedHosts(config: Config, publicUrl: string): ReadonlySet<string> | null {
  const known = hostsOf.get(config)
  if (known?.publicUrl === publicUrl) return known.hosts
  const hosts = findHosts(config, publicUrl)
  hostsOf.set(config, { publicUrl, hosts })
  return hosts
}

/** The answer of last time: it is asked for with every call through the gateway. */
const hostsOf = new WeakMap<Config, { publicUrl: string; hosts: ReadonlySet<string> | null }>()

function findHosts(config: Config, publicUrl: string): ReadonlySet<string> | null {
  if (!config.publicUrl && !isLoopback(config.host)) return null
  const { host, port } = new URL(publicUrl)
  const ports = new Set([port, String(config.port)].filter((one) => one !== '' && one !== '0'))
  const local = loopbackNames.flatMap((name) => [name, ...[...ports].map((one) => `${name}:${one}`)])
  return new Set([host.toLowerCase(), ...local])
}

/** Origins whose pages may send the cookie along. */
export function allowedOrigins(publicUrl: string): ReadonlySet<string> {
  const { origin, port, hostname } = new URL(publicUrl)
  if (!isLoopback(hostname.replace(/^\[|\]$/g, ''))) return new Set([origin])
  return new Set(loopbackNames.map((name) => `http://${name}${port ? `:${port}` : ''}`).concat(origin))
}
