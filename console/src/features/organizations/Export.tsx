import { api } from '@berth/contracts'
import { useMutation } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { download } from './download.ts'

/** Takes everything of the organization along as one archive. */
export function Export() {
  const organization = useOrganization()
  const [bytes, setBytes] = useState(0)
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])
  const save = useMutation({
    mutationFn: async () => {
      const abort = new AbortController()
      running.current = abort
      setBytes(0)
      try {
        const params = { organizationId: organization.id }
        return await download(api.departure.export, { params }, { signal: abort.signal, onBytes: setBytes })
      } catch (error) {
        if (abort.signal.aborted) return null
        throw error
      }
    },
  })
  return (
    <Panel title="Export">
      <div className="flex max-w-[75ch] flex-col gap-2.5">
        <p className="text-ink-2">
          One archive with everything of {organization.name}: members, workspaces, deployments, decisions,
          runs, call records and the whole log, which anybody can verify without this server. No secret and no
          token is in it. The export stands in the log.
        </p>
        {save.error && <ErrorPanel {...factsOf(save.error)} />}
        <div className="flex flex-wrap items-center gap-2.5">
          <Button
            icon={<Download aria-hidden className="size-3.5" />}
            whyNot={whyNot(organization, 'organization:export')}
            pending={save.isPending && 'Exporting…'}
            onClick={() => save.mutate()}
          >
            Export everything
          </Button>
          {save.isPending && (
            <Button look="quiet" onClick={() => running.current?.abort()}>
              Break off
            </Button>
          )}
          <span role="status" className="text-xs text-ink-2 tabular-nums">
            {save.isPending && bytes > 0 && `${sizeOf(bytes)} received`}
            {save.isSuccess && save.data !== null && `${save.data} was saved, ${sizeOf(bytes)}.`}
            {save.isSuccess && save.data === null && 'Broken off; nothing was saved.'}
          </span>
        </div>
        <p className="text-xs text-ink-3">
          Verify it with <code>mcpctl orgs verify {'<file>'}</code>; <code>mcpctl orgs export</code> does both
          at once.
        </p>
      </div>
    </Panel>
  )
}

/** `812 kB`, `4.2 MB`. */
const sizeOf = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
