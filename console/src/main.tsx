import './styles.css'
import { MutationCache, QueryCache, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from '@berth/contracts'
import { isSignedOut } from './api/client.ts'
import { connectFeed } from './app/live.ts'
import { ConsoleQueryClient } from './app/queryClient.ts'
import { forgetPerson, meQuery } from './app/session.ts'
import { watchVersion } from './app/version.ts'
import { createConsoleRouter } from './router.tsx'

// Whatever hears it first, the stream or a request: a sign-in that ended leads to the sign-in page, and back afterwards.
const onError = (error: unknown) => {
  if (isSignedOut(error) && queryClient.getQueryData(meQuery.queryKey)) onSignedOut()
}
const queryClient: ConsoleQueryClient = new ConsoleQueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // What the server refused it will refuse again; what did not reach it may reach it now.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.problem.status < 500),
      retryDelay: (attempt) => 300 * 2 ** attempt,
    },
  },
})
const router = createConsoleRouter(queryClient)

function onSignedOut(): void {
  forgetPerson(queryClient)
  void router.invalidate()
}

connectFeed(queryClient, onSignedOut)
watchVersion()
// Who signed in again in another tab need not do so here.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible' || queryClient.getQueryData(meQuery.queryKey) !== null) return
  void queryClient.fetchQuery({ ...meQuery, staleTime: 0 }).then((me) => me && router.invalidate())
})

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
