import type { SurfaceDifference } from '@berth/contracts'
import { Badge } from '../../ui/Badge.tsx'
import { Inert, inertText } from '../../ui/Inert.tsx'

const tones = { added: 'wait', removed: 'idle', changed: 'bad' } as const

/** One thing of a surface that is not as it was admitted: before and after, as the server wrote it. */
export function Difference({ difference }: { difference: SurfaceDifference }) {
  const { kind, name, change, fields } = difference
  return (
    <section className="rounded-lg border border-line">
      <header className="flex items-center gap-2 border-b border-line px-3 py-1.5">
        <b className="min-w-0 truncate font-mono text-xs font-semibold">{name}</b>
        <span className="text-xs text-ink-3">{kind}</span>
        <span className="flex-1" />
        <Badge tone={tones[change]}>{change}</Badge>
      </header>
      {fields.map(({ path, before, after }) => (
        <div key={path} className="grid grid-cols-2 gap-px border-b border-line-soft text-xs last:border-0">
          <p className="col-span-2 px-3 pt-1.5 font-mono text-2xs text-ink-3">{path}</p>
          <Side value={before} name="Admitted" />
          <Side value={after} name="Live" />
        </div>
      ))}
    </section>
  )
}

function Side({ value, name }: { value: unknown; name: string }) {
  return (
    <pre
      role="region"
      aria-label={name}
      className="max-h-48 overflow-auto px-3 pb-2 font-mono text-[11.5px] leading-4 break-words whitespace-pre-wrap"
      tabIndex={0}
    >
      <Inert text={inertText(value)} />
    </pre>
  )
}
