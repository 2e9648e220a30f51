import { type Ref, useEffect, useState } from 'react'

/** Types at once, tells a little later, so that the URL does not change with every letter. */
export function SearchBox({
  ref,
  label,
  value,
  onChange,
}: {
  ref?: Ref<HTMLInputElement>
  label: string
  value: string
  onChange: (q: string) => void
}) {
  const [text, setText] = useState(value)
  const [told, setTold] = useState(value)
  const [seen, setSeen] = useState(value)
  if (value !== seen) {
    setSeen(value)
    // Not what was typed here: the back button, or "Clear filters".
    if (value !== told) {
      setTold(value)
      setText(value)
    }
  }
  useEffect(() => {
    if (text === told) return undefined
    const timer = setTimeout(() => {
      setTold(text)
      onChange(text)
    }, 150)
    return () => clearTimeout(timer)
  })
  return (
    <input
      ref={ref}
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => {
        // Who leaves the box for a link must not be called back by what was typed.
        if (text === told) return
        setTold(text)
        onChange(text)
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
      className="h-[26px] w-40 rounded-md border border-line bg-panel px-2 text-xs"
    />
  )
}
