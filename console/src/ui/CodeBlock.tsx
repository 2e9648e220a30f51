import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { Button } from './Button.tsx'
import { copyText } from './clipboard.ts'

/** Text to take along as it stands, with a button that copies all of it. */
export function CodeBlock({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState<{ text: string; done: boolean } | null>(null)
  const now = copied?.text === text ? copied : null
  const Icon = now?.done ? Check : Copy
  const word = now === null ? 'Copy' : now.done ? 'Copied' : 'The browser refused to copy'
  return (
    <div className="relative">
      <pre
        role="region"
        aria-label={label}
        tabIndex={0}
        className="max-h-64 overflow-auto rounded-lg border border-line bg-bg py-2 pr-3 pl-3 font-mono text-[11.5px] leading-4 text-ink"
      >
        {text}
      </pre>
      <Button
        className="absolute top-1.5 right-1.5 !h-7 !px-2 text-xs"
        icon={<Icon aria-hidden className="size-3" />}
        aria-label={`${word} ${label}`}
        onClick={async () => setCopied({ text, done: await copyText(text) })}
      >
        <span aria-live="polite">{word}</span>
      </Button>
    </div>
  )
}
