import { api } from '@berth/contracts'
import { queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

/** The person's own API tokens, newest first. */
export const myTokensQuery = queryOptions({
  queryKey: ['tokens', 'mine'],
  queryFn: ({ signal }) => call(api.tokens.listMine, { query: { limit: 200 } }, { signal }),
})
