import './styles.css'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from '@berth/contracts'
import { connectFeed } from './app/live.ts'
import { forgetPerson } from './app/session.ts'
import { createConsoleRouter } from './router.tsx'

const queryClient = new QueryClient({
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

connectFeed(queryClient, () => {
  forgetPerson(queryClient)
  void router.invalidate()
})

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
