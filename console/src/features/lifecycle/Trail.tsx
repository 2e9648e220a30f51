import type { Workspace } from '@berth/contracts'
import { Link } from '@tanstack/react-router'
import { useOrganization } from '../../app/session.ts'

/** The way from Lifecycle down to a page: to a workspace, or to a server in one. */
export function Trail({
  workspace,
  to,
}: {
  workspace: Workspace | null | undefined
  to: 'workspace' | 'server'
}) {
  const { slug } = useOrganization()
  return (
    <nav aria-label="The way here" className="mb-0.5 truncate text-xs text-ink-3">
      <Link to="/console/lifecycle" search={{ org: slug }} className="hover:underline">
        Lifecycle
      </Link>
      {workspace && ' / '}
      {to === 'server' && workspace ? (
        <Link
          to="/console/workspaces/$workspaceId"
          params={{ workspaceId: workspace.id }}
          search={{ org: slug }}
          className="hover:underline"
        >
          {workspace.name}
        </Link>
      ) : (
        workspace && <span className="font-mono">{workspace.key}</span>
      )}
    </nav>
  )
}
