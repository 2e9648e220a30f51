import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { meQuery } from '../../app/session.ts'

/** After the server took a sign-in: ask who that is, and go on to where the person was going. */
export function useEnter() {
  const queryClient = useQueryClient()
  const router = useRouter()
  return async () => {
    await queryClient.fetchQuery({ ...meQuery, staleTime: 0 })
    await router.invalidate()
  }
}
