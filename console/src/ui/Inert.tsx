/** Characters that are not seen, or that turn the direction of what follows: where instructions hide. */
const hidden = /[\p{Cf}\p{Co}\p{Cs}\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/gu

/** Whether a text holds characters that are not seen. */
export function hides(text: string): boolean {
  return text.search(hidden) >= 0
}

/** Somebody else's words, as data: nothing in them is a link or markup, and what hides is written out. */
export function Inert({ text }: { text: string }) {
  const parts = text.split(hidden)
  if (parts.length === 1) return text
  const signs = text.match(hidden) ?? []
  return parts.map((part, at) => (
    // Parts of one unchanging text: their place is who they are.
    // oxlint-disable-next-line react/no-array-index-key
    <span key={at}>
      {part}
      {signs[at] !== undefined && (
        <mark
          title="A character that cannot be seen"
          className="rounded-sm bg-wait-bg px-0.5 font-mono text-2xs text-wait"
        >
          {nameOf(signs[at])}
        </mark>
      )}
    </span>
  ))
}

function nameOf(sign: string): string {
  return `U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}

/** Any value of a server as text: a string as it is, everything else as JSON. */
export function inertText(value: unknown): string {
  if (value === undefined) return '—'
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}

/** A block of somebody else's words, that scrolls when it is long. */
export function InertBlock({ label, value, tall }: { label: string; value: unknown; tall?: boolean }) {
  return (
    <pre
      role="region"
      aria-label={label}
      tabIndex={0}
      className={`overflow-auto rounded-md bg-bg px-2.5 py-1.5 font-mono text-[11.5px] leading-4 break-words whitespace-pre-wrap text-ink-2 ${tall ? 'max-h-[420px]' : 'max-h-48'}`}
    >
      <Inert text={inertText(value)} />
    </pre>
  )
}
