import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { copyText } from './clipboard.ts'
import { cx } from './cx.ts'

/** Cuts the middle out of a long text: `dep_01jd…9k2m`. */
export function shorten(text: string, head = 8, tail = 4): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`
}

export interface CopyableProps {
  /** What is copied. */
  text: string
  /** What is shown; absent: all of it. */
  shown?: string
  /** What it is, for those who hear the page. */
  what: string
  /** Whether the sign for copying is always there, or only under the pointer and the focus. */
  sign?: 'always' | 'hover'
  /** Show all of it on as many lines as it takes. */
  wrap?: boolean
}

/** Monospaced text that a click copies, and says so. */
export function Copyable({ text, shown = text, what, sign = 'hover', wrap = false }: CopyableProps) {
  const [copied, setCopied] = useState<boolean | null>(null)
  useEffect(() => {
    if (copied === null) return undefined
    const timer = setTimeout(() => setCopied(null), 1600)
    return () => clearTimeout(timer)
  }, [copied])
  const Icon = copied ? Check : Copy
  return (
    <button
      type="button"
      title={`${text}\nClick to copy`}
      aria-label={copied ? `${shown}, ${what} copied` : `${shown}, copy ${what}`}
      onClick={async (event) => {
        event.stopPropagation()
        setCopied(await copyText(text))
      }}
      className="group relative inline-flex max-w-full items-center gap-1 rounded-sm font-mono text-xs text-ink-2 hover:text-ink"
    >
      <span className={wrap ? 'text-left break-all whitespace-normal' : 'truncate'}>
        {copied === false ? 'The browser refused to copy' : shown}
      </span>
      <Icon
        aria-hidden
        className={cx(
          'size-3 shrink-0',
          copied && 'text-good',
          sign === 'hover' && 'absolute left-full ml-0.5 bg-panel',
          sign === 'hover' && !copied && 'opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100',
        )}
      />
    </button>
  )
}

/** An id or digest, shortened in the middle; a click copies all of it. */
export function Id({
  value,
  what = 'id',
  head,
  tail,
}: {
  value: string
  what?: string
  head?: number
  tail?: number
}) {
  return <Copyable text={value} shown={shorten(value, head, tail)} what={what} />
}
