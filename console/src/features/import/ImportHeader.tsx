import type { ReactNode } from 'react'

/** The page's name and what it is for, with what can be done beside it. */
export function ImportHeader({ children }: { children?: ReactNode }) {
  return (
    <>
      <div className="mb-1 flex flex-wrap items-center gap-2">
        <h1 className="min-w-0 flex-1">Import</h1>
        {children}
      </div>
      <p className="mb-4 max-w-[75ch] text-ink-2">
        Turns the servers of an MCP client’s settings file into deployments: npx packages, Node scripts and
        remote servers. What looks like a secret is kept as a secret of the workspace and never shown again.
      </p>
    </>
  )
}
