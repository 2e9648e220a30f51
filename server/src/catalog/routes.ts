import { catalogEndpoints } from '@berth/contracts'
import { implement, type Route } from '../platform/http/implement.ts'
import { afterCursor, cutPage } from '../platform/page.ts'
import { notFound } from '../platform/problem.ts'
import { addRelease, prepareAddition } from './add.ts'
import { placesIn } from './artifacts/places.ts'
import { evaluate, type OpenEvaluation } from './evaluation.ts'
import { changeReleaseState, getRelease, getSurface, observeAgain } from './service.ts'
import { findServer, listServers, releasesOf } from './store.ts'

export interface CatalogRouteOptions {
  config: { dataDir: string }
  openEvaluation: OpenEvaluation
}

export function catalogRoutes({ config, openEvaluation }: CatalogRouteOptions): Route[] {
  const places = placesIn(config.dataDir)
  return implement(catalogEndpoints, {
    list: async ({ db }, { query }) => {
      const { search, limit } = query
      const rows = await listServers(db, { search, after: afterCursor(query.cursor), limit: limit + 1 })
      return cutPage(
        rows,
        limit,
        (row) => row.name,
        (row) => row,
      )
    },
    get: async ({ db }, { params }) => {
      const server = await findServer(db, params.provider, params.server)
      if (!server) throw notFound('server')
      return { ...server, releases: await releasesOf(db, server.id) }
    },
    add: async (context, { body }) => {
      const addition = await prepareAddition(places, body)
      return context.mutate(async (tx) => {
        const release = await addRelease(tx, addition)
        return { ...release, runId: await evaluate(tx, release.id, openEvaluation) }
      })
    },
    getRelease: async ({ db }, { params }) => {
      const release = await getRelease(db, params.releaseId)
      const standing = await getSurface(db, release.id, 'default')
      return { ...release, surface: standing?.surface ?? null }
    },
    observe: (context, { params }) =>
      context.mutate(async (tx) => ({ runId: await observeAgain(tx, params.releaseId, openEvaluation) })),
    setState: (context, { params, body }) =>
      context.mutate((tx) => changeReleaseState(tx, params.releaseId, body)),
  })
}
