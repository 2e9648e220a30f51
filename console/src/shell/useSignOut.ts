import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useCallback } from 'react'
import { signOut } from '../api/auth.ts'
import { factsOf } from '../api/client.ts'
import { forgetPerson } from '../app/session.ts'
import { feed } from '../stream/feed.ts'
import { sayFailed } from '../ui/Toast.tsx'

/** Ends the sign-in on the server, then in every tab. */
export function useSignOut(): () => void {
  const queryClient = useQueryClient()
  const router = useRouter()
  return useCallback(() => {
    signOut()
      .then(async () => {
        feed.signedOut()
        forgetPerson(queryClient)
        await router.navigate({ to: '/' })
      })
      .catch((error: unknown) => sayFailed('You are still signed in', factsOf(error)))
  }, [queryClient, router])
}
