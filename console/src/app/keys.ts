import { useEffect, useRef } from 'react'

/** Keys by name, e.g. `?`, `/`, `mod+k` (⌘ on a Mac, Ctrl elsewhere), `escape`. */
export type KeyMap = Record<string, () => void>

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform)

/** How a key is written for people: `mod+k` → `⌘K` or `Ctrl K`. */
export function keyLabel(key: string): string {
  const letter = key.replace('mod+', '')
  const shown = letter.length === 1 ? letter.toUpperCase() : letter[0]!.toUpperCase() + letter.slice(1)
  if (!key.startsWith('mod+')) return shown
  return isMac ? `⌘${shown}` : `Ctrl ${shown}`
}

/** Answers keys anywhere on the page, but not what is typed into a control or behind a dialog. */
export function useKeys(keys: KeyMap): void {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      const mod = event.metaKey || event.ctrlKey
      if (event.altKey || event.defaultPrevented) return
      const name = `${mod ? 'mod+' : ''}${event.key.toLowerCase()}`
      const run = latest.current[name]
      if (!run) return
      if (!mod && (isTyping(event.target) || document.querySelector('[role=dialog]'))) return
      event.preventDefault()
      run()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    Boolean(target.closest('input, textarea, select, [contenteditable], [role=menu], [role=listbox]'))
  )
}
