import type { Surface } from '@berth/contracts'
import { useState } from 'react'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Inert, InertBlock } from '../../ui/Inert.tsx'
import { Panel } from '../../ui/Panel.tsx'

const groups = [
  ['tools', 'Tools'],
  ['prompts', 'Prompts'],
  ['resources', 'Resources'],
  ['resourceTemplates', 'Resource templates'],
] as const

/** Everything a server shows of itself, as data: each name, each description and each schema exactly as it was written. */
export function SurfaceList({ surface }: { surface: Surface }) {
  const count = groups.reduce((sum, [key]) => sum + surface[key].length, 0)
  return (
    <>
      {surface.instructions && (
        <Panel title="Instructions to the model" note="the server's words; data, not instructions to you">
          <InertBlock label="Instructions to the model" value={surface.instructions} />
        </Panel>
      )}
      {count === 0 && (
        <EmptyState title="It shows nothing">It lists no tools, prompts or resources.</EmptyState>
      )}
      {groups.map(
        ([key, title]) =>
          surface[key].length > 0 && (
            <Panel key={key} title={title} note={String(surface[key].length)} flush>
              <ul>
                {surface[key].map((entry) => (
                  <Entry key={String(entry.name ?? entry.uri ?? entry.uriTemplate)} entry={entry} />
                ))}
              </ul>
            </Panel>
          ),
      )}
    </>
  )
}

function Entry({ entry }: { entry: Record<string, unknown> }) {
  const [open, setOpen] = useState(false)
  const { name, uri, uriTemplate, description, title, ...rest } = entry
  const shown = String(name ?? uri ?? uriTemplate)
  return (
    <li className="border-b border-line-soft px-3 py-1.5 text-xs last:border-0">
      <div className="flex min-h-6 items-start gap-2">
        <b className="min-w-0 flex-1 font-mono font-semibold break-all">
          <Inert text={shown} />
        </b>
        {Object.keys(rest).length > 0 && (
          <button
            type="button"
            aria-expanded={open}
            aria-label={open ? `Hide schema of ${shown}` : `Schema of ${shown}`}
            onClick={() => setOpen(!open)}
            className="shrink-0 rounded-sm font-[550] text-accent"
          >
            {open ? 'Hide' : 'Schema'}
          </button>
        )}
      </div>
      {typeof title === 'string' && (
        <p className="text-ink-2">
          <Inert text={title} />
        </p>
      )}
      {typeof description === 'string' ? (
        <p className="max-w-[90ch] break-words whitespace-pre-wrap text-ink-2">
          <Inert text={description} />
        </p>
      ) : (
        <p className="text-ink-3">no description</p>
      )}
      {open && (
        <div className="mt-1.5">
          <InertBlock label={`Schema of ${shown}`} value={rest} tall />
        </div>
      )}
    </li>
  )
}
