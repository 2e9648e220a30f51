import type { Artifact } from '@berth/contracts'
import { sha256Hex } from '../../platform/crypto.ts'
import { isLoopback } from '../../platform/config.ts'
import { canonical } from '../../platform/log/leaf.ts'
import { Refusal } from '../../platform/problem.ts'

export type RemoteArtifact = Extract<Artifact, { kind: 'remote' }>

/**
 * The address of a remote server in its one canonical form. Throws `invalid_input`: http is for loopback addresses only,
 * and an address carries no credentials.
 */
export function canonicalRemote({ url: given }: RemoteArtifact): RemoteArtifact {
  const url = new URL(given)
  if (url.username || url.password) {
    throw refusal('An address must not carry a name or password; send them as a header from a secret.')
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) {
    throw refusal('A remote server is called by https; http is for loopback addresses only.')
  }
  url.hash = ''
  return { kind: 'remote', url: url.href }
}

/** A remote server has no bytes of ours: its digest is that of its address. */
export const remoteDigest = (artifact: RemoteArtifact): string => sha256Hex(canonical(artifact))

const refusal = (sentence: string) =>
  new Refusal('invalid_input', sentence, { errors: [{ path: 'artifact.url', message: sentence }] })
