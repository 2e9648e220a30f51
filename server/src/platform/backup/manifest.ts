import { z } from 'zod'

/** The layout of backups that this program writes; it reads this one and those before. */
export const backupFormat = 1

/** The first entry of a backup: what it is, and what it takes to restore it. */
export const manifestSchema = z.object({
  kind: z.literal('berth-backup'),
  format: z.number().int(),
  berth: z.string(),
  schema: z.number().int(),
  takenAt: z.iso.datetime(),
  /** `database` alone: made before a migration, for a data directory that is still there. */
  contents: z.enum(['everything', 'database']),
  /** Tells the secret key that belongs to the sealed values without giving it away; null: nothing was sealed yet. */
  keyCheck: z.string().nullable(),
  tables: z.array(
    z.object({
      name: z.string(),
      columns: z.array(z.string()),
      /** Each with its bounds, as in `create table … partition of … <bounds>`. */
      partitions: z.array(z.object({ name: z.string(), bounds: z.string() })),
    }),
  ),
})
export type Manifest = z.infer<typeof manifestSchema>
export type TableManifest = Manifest['tables'][number]

/** The last entry: without it a backup was cut off. */
export const closingSchema = z.object({
  /** Of the names, sizes and bytes of all entries before this one, in their order. */
  sha256: z.string(),
  rows: z.record(z.string(), z.number().int()),
  /** The last number that each sequence gave, null: none yet. */
  sequences: z.array(z.object({ name: z.string(), last: z.number().int().nullable() })),
  files: z.number().int(),
})
export type Closing = z.infer<typeof closingSchema>

/** What stands between a person and a backup or a restore; a sentence to act on. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}
