export interface EndpointOptions {
  /** Largest POST body in bytes. Default 4 MiB. */
  maxBodyBytes?: number
  /** A session without requests or streams for so long is closed. Default 30 min. */
  idleMs?: number
  /** Comment interval on open streams; a held answer becomes a stream after it. Default 15 s. */
  keepAliveMs?: number
  /** A call without an answer for so long gets an error. Default 1 h. */
  maxCallMs?: number
  /** Requests in flight in one session. Default 256. */
  maxInFlight?: number
  /** Messages in one batch. Default 64. */
  maxBatch?: number
}

export const usualLimits: Required<EndpointOptions> = {
  maxBodyBytes: 4 * 1024 * 1024,
  idleMs: 30 * 60_000,
  keepAliveMs: 15_000,
  maxCallMs: 60 * 60_000,
  maxInFlight: 256,
  maxBatch: 64,
}
