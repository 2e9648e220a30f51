import { z } from 'zod'

/** What the catalog's URL says: what is looked for, and whether the form for a new server is open. */
export const catalogSearch = z.object({
  q: z.string().max(100).optional().catch(undefined),
  add: z.boolean().optional().catch(undefined),
})

/** What the URL of one server of the catalog says. */
export const serverSearch = z.object({ release: z.string().max(40).optional().catch(undefined) })
