import { useLocation, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

/** The secret of a one-time link, taken out of the address bar at once; null where the link has none. */
export function useLinkToken(page: '/reset' | '/confirm-email'): string | null {
  const { hash } = useLocation()
  const navigate = useNavigate()
  const found = new URLSearchParams(hash).get('token')
  const [token, setToken] = useState(found)
  // Another link may be opened in the same tab.
  if (found !== null && found !== token) setToken(found)
  useEffect(() => {
    // Neither the history nor who looks over a shoulder keeps it.
    if (hash) void navigate({ to: page, hash: '', replace: true })
  }, [hash, navigate, page])
  return token
}
