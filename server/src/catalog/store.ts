import { sql } from 'kysely'
import type { Artifact, CatalogServer, Release, ReleaseManifest, Surface } from '@berth/contracts'
import type { Queryable } from '../platform/db/database.ts'
import type { Installed } from './artifacts/install.ts'
import { newestOf } from './versions.ts'

const releases = (db: Queryable) =>
  db
    .selectFrom('releases as r')
    .innerJoin('servers as s', 's.id', 'r.serverId')
    .innerJoin('providers as p', 'p.id', 's.providerId')
    .leftJoin('releaseSurfaces as f', (join) =>
      join.onRef('f.releaseId', '=', 'r.id').on('f.profile', '=', 'default'),
    )
    .select([
      'r.id',
      'r.serverId',
      'p.slug as provider',
      's.slug as slug',
      'r.version',
      'r.state',
      'r.artifact',
      'r.digest',
      'r.manifest',
      'r.observation',
      'r.observationReason',
      'f.hash as surfaceHash',
      'r.createdAt',
      'r.createdBy',
    ])

type ReleaseRow = Awaited<ReturnType<ReturnType<typeof releases>['execute']>>[number]

export async function findRelease(db: Queryable, id: string): Promise<Release | null> {
  const row = await releases(db).where('r.id', '=', id).executeTakeFirst()
  return row ? toRelease(row) : null
}

/** The release, held until the transaction ends. */
export async function lockRelease(db: Queryable, id: string): Promise<Release | null> {
  const row = await releases(db).where('r.id', '=', id).forNoKeyUpdate('r').executeTakeFirst()
  return row ? toRelease(row) : null
}

/** Newest first. */
export async function releasesOf(db: Queryable, serverId: string): Promise<Release[]> {
  const rows = await releases(db).where('r.serverId', '=', serverId).orderBy('r.id', 'desc').execute()
  return rows.map(toRelease)
}

/** The newest admitted release of each of the servers, by server. */
async function latestReleases(db: Queryable, serverIds: string[]): Promise<Map<string, Release>> {
  if (serverIds.length === 0) return new Map()
  const admitted = await db
    .selectFrom('releases')
    .select(['id', 'serverId', 'version', 'createdAt'])
    .where('serverId', 'in', serverIds)
    .where('state', '=', 'admitted')
    .execute()
  const byServer = Map.groupBy(admitted, (row) => row.serverId)
  const newest = [...byServer.values()].map((rows) => newestOf(rows)!.id)
  if (newest.length === 0) return new Map()
  const rows = await releases(db).where('r.id', 'in', newest).execute()
  return new Map(rows.map((row) => [row.serverId, toRelease(row)]))
}

const servers = (db: Queryable) =>
  db
    .selectFrom('servers as s')
    .innerJoin('providers as p', 'p.id', 's.providerId')
    .select([
      's.id',
      's.slug',
      's.title',
      's.description',
      's.createdAt',
      'p.id as providerId',
      'p.slug as provider',
      'p.name as providerName',
    ])

/** By provider, then name; `after` and the rows' `sortKey` are positions in that order. */
export async function listServers(
  db: Queryable,
  { search, after, limit }: { search?: string | undefined; after: string | null; limit: number },
): Promise<CatalogServer[]> {
  let query = servers(db)
  if (search) {
    const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`
    query = query.where((eb) =>
      eb.or([
        eb(sql<string>`${eb.ref('p.slug')} || '/' || ${eb.ref('s.slug')}`, 'ilike', pattern),
        eb('s.title', 'ilike', pattern),
        eb('s.description', 'ilike', pattern),
      ]),
    )
  }
  if (after) {
    const [provider = '', slug = ''] = after.split('/')
    query = query.where((eb) => eb(eb.refTuple('p.slug', 's.slug'), '>', eb.tuple(provider, slug)))
  }
  const rows = await query.orderBy('p.slug').orderBy('s.slug').limit(limit).execute()
  const latest = await latestReleases(
    db,
    rows.map((row) => row.id),
  )
  return rows.map((row) => toServer(row, latest.get(row.id) ?? null))
}

export async function findServer(
  db: Queryable,
  provider: string,
  slug: string,
): Promise<CatalogServer | null> {
  const row = await servers(db).where('p.slug', '=', provider).where('s.slug', '=', slug).executeTakeFirst()
  if (!row) return null
  return toServer(row, (await latestReleases(db, [row.id])).get(row.id) ?? null)
}

/** `provider/server` of every server. */
export async function serverNames(db: Queryable): Promise<string[]> {
  const rows = await db
    .selectFrom('servers as s')
    .innerJoin('providers as p', 'p.id', 's.providerId')
    .select(['p.slug as provider', 's.slug'])
    .execute()
  return rows.map((row) => `${row.provider}/${row.slug}`)
}

/** The id of a provider, whose list of servers does not change until the transaction ends. */
export async function lockProvider(db: Queryable, slug: string): Promise<string> {
  const row = await db
    .selectFrom('providers')
    .select('id')
    .where('slug', '=', slug)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow()
  return row.id
}

export interface ServerRow {
  id: string
  slug: string
  source: string
}

export async function serversOfProvider(
  db: Queryable,
  providerId: string,
  by: { slug: string } | { source: string } | { prefix: string },
): Promise<ServerRow[]> {
  const query = db
    .selectFrom('servers')
    .select(['id', 'slug', 'source'])
    .where('providerId', '=', providerId)
    .orderBy('id')
  if ('slug' in by) return query.where('slug', '=', by.slug).execute()
  if ('source' in by) return query.where('source', '=', by.source).execute()
  return query.where((eb) => eb.fn<boolean>('starts_with', ['slug', eb.val(by.prefix)])).execute()
}

export async function insertServer(
  db: Queryable,
  server: ServerRow & { providerId: string; title: string; description: string; createdAt: Date },
): Promise<void> {
  await db.insertInto('servers').values(server).execute()
}

export async function insertRelease(
  db: Queryable,
  {
    artifact,
    manifest,
    ...release
  }: {
    id: string
    serverId: string
    version: string
    artifact: Artifact
    manifest: ReleaseManifest
    digest: string | null
    createdBy: string
    createdAt: Date
  },
): Promise<void> {
  await db
    .insertInto('releases')
    .values({ ...release, artifact: JSON.stringify(artifact), manifest: JSON.stringify(manifest) })
    .execute()
}

export async function updateRelease(
  db: Queryable,
  id: string,
  fields: Partial<{
    state: Release['state']
    observation: Release['observation']
    observationReason: string | null
    digest: string
    lock: string
  }>,
): Promise<void> {
  await db.updateTable('releases').set(fields).where('id', '=', id).execute()
}

export async function findInstalled(db: Queryable, id: string): Promise<Installed | null> {
  const row = await db
    .selectFrom('releases')
    .select(['digest', 'lock'])
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.digest && row.lock ? { digest: row.digest, lock: row.lock } : null
}

/** Which of these digests releases have. */
export async function findDigests(db: Queryable, digests: string[]): Promise<Set<string>> {
  const { rows } = await sql<{ digest: string }>`
    select distinct digest from releases where digest = any(${digests}::text[])`.execute(db)
  return new Set(rows.map((row) => row.digest))
}

export interface StandingSurface {
  surface: Surface
  hash: string
}

export async function findSurface(
  db: Queryable,
  releaseId: string,
  profile: string,
): Promise<StandingSurface | null> {
  const row = await db
    .selectFrom('releaseSurfaces')
    .select(['hash', 'surface'])
    .where('releaseId', '=', releaseId)
    .where('profile', '=', profile)
    .executeTakeFirst()
  return row ? { hash: row.hash, surface: row.surface as Surface } : null
}

export async function insertSurface(
  db: Queryable,
  { surface, ...row }: StandingSurface & { releaseId: string; profile: string; observedAt: Date },
): Promise<void> {
  await db
    .insertInto('releaseSurfaces')
    .values({ ...row, surface: JSON.stringify(surface) })
    .execute()
}

function toRelease({ provider, slug, ...row }: ReleaseRow): Release {
  return {
    ...row,
    server: `${provider}/${slug}`,
    state: row.state as Release['state'],
    artifact: row.artifact as Artifact,
    manifest: row.manifest as ReleaseManifest,
    observation: row.observation as Release['observation'],
    createdAt: row.createdAt.toISOString(),
  }
}

type ServerSelection = Awaited<ReturnType<ReturnType<typeof servers>['execute']>>[number]

function toServer(row: ServerSelection, latestRelease: Release | null): CatalogServer {
  return {
    id: row.id,
    provider: { id: row.providerId, slug: row.provider, name: row.providerName },
    slug: row.slug,
    name: `${row.provider}/${row.slug}`,
    title: row.title,
    description: row.description,
    latestRelease,
    createdAt: row.createdAt.toISOString(),
  }
}
