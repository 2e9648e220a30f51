/** A small npm registry on loopback, for tests: it serves what is published to it, and can be made to lie. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

export interface TestPackage {
  name: string
  version: string
  bin?: string | Record<string, string>
  dependencies?: Record<string, string>
  scripts?: Record<string, string>
  description?: string
  /** Contents by path; package.json is made. */
  files?: Record<string, string>
}

export interface TestRegistry {
  url: string
  /** Returns the integrity of the package's bytes. */
  publish(given: TestPackage, lie?: { integrity?: string | null; bytesOf?: TestPackage }): string
  /** Paths that are never answered. */
  silent: Set<string>
  close(): Promise<void>
}

export async function startRegistry(): Promise<TestRegistry> {
  const packuments = new Map<string, { versions: Record<string, unknown>; latest: string }>()
  const tarballs = new Map<string, Buffer>()
  const silent = new Set<string>()
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.slice(1))
    if (silent.has(path)) return undefined
    const tarball = tarballs.get(path)
    const packument = packuments.get(path)
    if (tarball) return response.end(tarball)
    response.setHeader('content-type', 'application/json')
    if (!packument) return response.writeHead(404).end('{"error":"not found"}')
    const { versions, latest } = packument
    return response.end(JSON.stringify({ name: path, versions, 'dist-tags': { latest } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    url,
    silent,
    publish: (given, lie = {}) => {
      const { files: _files, ...manifest } = given
      const tarball = pack(lie.bytesOf ?? given)
      const path = `${given.name}/-/${given.version}.tgz`
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
      const dist = {
        tarball: url + path,
        shasum: createHash('sha1').update(tarball).digest('hex'),
        ...(lie.integrity === null ? {} : { integrity: lie.integrity ?? integrity }),
      }
      tarballs.set(path, tarball)
      const packument = packuments.get(given.name) ?? { versions: {}, latest: '' }
      packument.versions[given.version] = { ...manifest, dist }
      packuments.set(given.name, { ...packument, latest: given.version })
      return integrity
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function pack({ files = {}, ...manifest }: TestPackage): Buffer {
  const all = { 'package.json': JSON.stringify(manifest), ...files }
  const entries = Object.entries(all).map(([name, text]) => tarEntry(`package/${name}`, Buffer.from(text)))
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]))
}

function tarEntry(name: string, data: Buffer): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o644, 7), 100)
  header.write(octal(0, 7), 108)
  header.write(octal(0, 7), 116)
  header.write(octal(data.length, 11), 124)
  header.write(octal(0, 11), 136)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  )
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)])
}
