import { collectDefaultMetrics, Histogram, Registry } from 'prom-client'

export interface Metrics {
  registry: Registry
  httpSeconds: Histogram<'method' | 'route' | 'status'>
}

/** Prometheus metrics of this process; domains add their own to the registry. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'berth_' })
  const httpSeconds = new Histogram({
    name: 'berth_http_request_duration_seconds',
    help: 'Duration of requests to the API',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5],
    registers: [registry],
  })
  return { registry, httpSeconds }
}
