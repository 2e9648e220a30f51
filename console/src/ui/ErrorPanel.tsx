import { CircleAlert } from 'lucide-react'
import { Button } from './Button.tsx'
import { Copyable } from './Id.tsx'

export interface ErrorFacts {
  /** What happened, as a sentence a person can act on. */
  sentence: string
  code?: string | undefined
  requestId?: string | undefined
}

/** A failure: the sentence, its code, the request to quote, and a way to try again. */
export function ErrorPanel({ sentence, code, requestId, onRetry }: ErrorFacts & { onRetry?: () => void }) {
  return (
    <div role="alert" className="flex items-start gap-2.5 rounded-lg border border-bad bg-bad-bg px-3 py-2.5">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <div className="min-w-0 flex-1">
        <p className="break-words">{sentence}</p>
        {(code || requestId) && (
          <p className="flex flex-wrap items-center gap-x-2 font-mono text-xs text-ink-2">
            {code && <span>{code}</span>}
            {requestId && <Copyable wrap text={requestId} what="request id" />}
          </p>
        )}
      </div>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  )
}
