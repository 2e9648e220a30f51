import { api } from '@berth/contracts'
import { queryOptions } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { Skeleton } from '../../ui/Skeleton.tsx'

/** Whether anybody has an account here yet, and what the first one takes. */
export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => call(api.identity.setup, {}, { signal }),
})

/** Grey bars in the shape of a form that is on its way. */
export function FormSkeleton() {
  return (
    <div className="mt-7 flex flex-col gap-4" aria-busy="true" aria-label="Loading" role="status">
      <Skeleton className="h-6 w-24" />
      <Skeleton className="h-12 w-full" />
      <Skeleton className="h-12 w-full" />
      <Skeleton className="h-[30px] w-20" />
    </div>
  )
}
