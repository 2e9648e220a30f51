import { useQuery } from '@tanstack/react-query'
import { factsOf } from '../../api/client.ts'
import { useOrganization } from '../../app/session.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Id } from '../../ui/Id.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { type Mark, StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import { decisionQuery } from './queries.ts'

/** What a gate said, or all of them. */
export const verdictMarks: Record<'pass' | 'hold' | 'veto', Mark> = {
  pass: { tone: 'good', shape: 'check', word: 'pass' },
  hold: { tone: 'wait', shape: 'diamond', word: 'hold' },
  veto: { tone: 'bad', shape: 'octagon', word: 'veto' },
}

/** A decision as the server puts it into words, and what each gate said. */
export function Explanation({ decisionId }: { decisionId: string }) {
  const organization = useOrganization()
  const { data, error, refetch } = useQuery(decisionQuery(organization.id, decisionId))
  if (error)
    return (
      <div className="mt-2">
        <ErrorPanel {...factsOf(error)} onRetry={() => void refetch()} />
      </div>
    )
  if (!data) return <Skeleton className="mt-2 h-16 w-full" />
  return (
    <div className="mt-2.5 rounded-md border border-line bg-panel px-2.5 py-2 text-xs">
      {data.sentences.map((sentence) => (
        <p key={sentence} className="mb-1 break-words">
          {sentence}
        </p>
      ))}
      <ul>
        {data.gates.map(({ gate, verdict, notes }) => (
          <li key={gate} className="grid grid-cols-[72px_1fr] gap-x-2 border-t border-line-soft py-1">
            <StatusMark {...verdictMarks[verdict]} />
            <span className="min-w-0 break-words">
              {gate}
              {notes.length > 0 && (
                <span className="block font-mono text-[11.5px] leading-4 text-ink-3">
                  {notes.join(' · ')}
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
      <p className="mt-1 flex flex-wrap items-center gap-x-1.5 text-ink-3">
        <Id value={data.id} what="decision id" />
        <span>
          · at {data.moment} · <Time at={data.at} ago /> · policy {data.policyVersion}
        </span>
      </p>
    </div>
  )
}
