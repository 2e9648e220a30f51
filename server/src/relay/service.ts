/** The relay's door: everything other domains use. */
export { McpEndpoint } from './endpoint.ts'
export { usualLimits, type EndpointOptions } from './limits.ts'
export type { OnceAnswer, OnceRequest } from './call-once.ts'
export { readBody } from './http.ts'
export { RemoteUpstream } from './remote-upstream.ts'
export type { RemoteOptions } from './remote-upstream.ts'
export { StdioUpstream } from './stdio-upstream.ts'
export { Upstream } from './upstream.ts'
export type { InitializeResult, ListKind, UpstreamOptions } from './upstream.ts'
export { codes as rpcCodes, LATEST_VERSION, SUPPORTED_VERSIONS, UpstreamError } from './jsonrpc.ts'
export type {
  AcquireReason,
  CallRecord,
  Channel,
  CloseReason,
  InitializeParams,
  Isolation,
  Opening,
  Outcome,
  PersistedSession,
  Refusal,
  RelayContext,
  RelayHooks,
  SessionView,
} from './types.ts'
export { observeSurface } from './surface.ts'
export { canonicalSurface, diffSurfaces, surfaceHash } from '../platform/surface.ts'
export type { SurfaceLimits } from './surface.ts'
