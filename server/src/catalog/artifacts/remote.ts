import { isIP } from 'node:net'
import type { Artifact } from '@berth/contracts'
import { sha256Hex } from '../../platform/crypto.ts'
import { isLoopback } from '../../platform/config.ts'
import { canonical } from '../../platform/log/leaf.ts'
import { AddressRefused, addressKind } from '../../platform/net/addresses.ts'
import { Refusal } from '../../platform/problem.ts'

export type RemoteArtifact = Extract<Artifact, { kind: 'remote' }>

/**
 * The address of a remote server in its one canonical form. Throws `invalid_input`: http is for loopback addresses only,
 * an address carries no credentials, and one that could never be called is none.
 */
export function canonicalRemote({ url: given }: RemoteArtifact): RemoteArtifact {
  const url = new URL(given)
  if (url.username || url.password) {
    throw refusal('An address must not carry a name or password; send them as a header from a secret.')
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'http:' && !isLoopback(host)) {
    throw refusal('A remote server is called by https; http is for loopback addresses only.')
  }
  // A name is looked at when it is called, since what it leads to may change.
  const kind = isIP(host) && !isLoopback(host) ? addressKind(host) : 'public'
  if (kind !== 'public') {
    const { message } = new AddressRefused(host, host, kind)
    throw refusal(`${message}; Berth calls servers at public addresses and on its own machine.`)
  }
  url.hash = ''
  return { kind: 'remote', url: url.href }
}

/** A remote server has no bytes of ours: its digest is that of its address. */
export const remoteDigest = (artifact: RemoteArtifact): string => sha256Hex(canonical(artifact))

const refusal = (sentence: string) =>
  new Refusal('invalid_input', sentence, { errors: [{ path: 'artifact.url', message: sentence }] })
