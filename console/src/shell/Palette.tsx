import { Dialog } from '@base-ui/react/dialog'
import { useId, useState } from 'react'
import { keyLabel } from '../app/keys.ts'
import { cx } from '../ui/cx.ts'

export interface Command {
  id: string
  group: string
  label: string
  hint?: string
  key?: string
  whyNot?: string | null
  run: () => void
}

/** More than this nobody reads; typing narrows it down. */
const mostShown = 100

/** Everything that can be done or gone to, by typing. Groups keep the order in which they are given. */
export function Palette({
  commands,
  onText,
  onClose,
}: {
  commands: Command[]
  /** What is typed, for commands that depend on it. */
  onText: (text: string) => void
  onClose: () => void
}) {
  const [text, setText] = useState('')
  const [moved, setMoved] = useState<number | null>(null)
  const listId = useId()
  const found = commands
    .filter((command) => matches(`${command.label} ${command.hint ?? ''} ${command.group}`, text))
    .slice(0, mostShown)
  // Enter is for the first that can be done, until the person has gone elsewhere.
  const first = Math.max(
    found.findIndex(({ whyNot }) => !whyNot),
    0,
  )
  const index = Math.min(moved ?? first, found.length - 1)
  const active = found[index]

  function run(command: Command | undefined): void {
    if (!command || command.whyNot) return
    onClose()
    command.run()
  }

  function onKeyDown(event: React.KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step) setMoved((index + step + found.length) % Math.max(found.length, 1))
    else if (event.key === 'Enter') run(active)
    else return
    event.preventDefault()
  }

  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-shade" />
        <Dialog.Popup
          aria-label="Search or act"
          className="fixed top-[min(14vh,120px)] left-1/2 z-40 w-[calc(100vw-24px)] max-w-[560px] -translate-x-1/2 overflow-hidden rounded-lg border border-line bg-raised shadow-float outline-none"
        >
          <input
            autoFocus
            role="combobox"
            aria-expanded
            aria-controls={listId}
            aria-activedescendant={active ? `${listId}-${active.id}` : undefined}
            aria-label="Search or act"
            placeholder="Search or act"
            value={text}
            onChange={(event) => {
              setText(event.target.value)
              onText(event.target.value)
              setMoved(null)
            }}
            onKeyDown={onKeyDown}
            className="h-11 w-full border-b border-line bg-transparent px-4 text-base outline-none"
          />
          <div role="listbox" id={listId} aria-label="Results" className="max-h-[50vh] overflow-y-auto p-1">
            {found.map((command, at) => (
              <div key={command.id} role="presentation">
                {command.group !== found[at - 1]?.group && (
                  <p role="presentation" className="px-3 pt-2 pb-1 text-2xs font-semibold text-ink-3">
                    {command.group}
                  </p>
                )}
                <button
                  type="button"
                  tabIndex={-1}
                  role="option"
                  id={`${listId}-${command.id}`}
                  aria-selected={command === active}
                  aria-disabled={Boolean(command.whyNot)}
                  ref={(node) => {
                    if (command === active) node?.scrollIntoView({ block: 'nearest' })
                  }}
                  onMouseMove={() => setMoved(at)}
                  onClick={() => run(command)}
                  className={cx(
                    'flex min-h-8 w-full items-center gap-3 rounded-sm px-3 text-left',
                    command === active && 'bg-accent-bg',
                    command.whyNot && 'text-ink-3',
                  )}
                >
                  <span className="min-w-0 flex-1 truncate">{command.label}</span>
                  <span className="max-w-[60%] truncate text-xs text-ink-3">
                    {command.whyNot ?? command.hint}
                  </span>
                  {command.key && <Key name={command.key} />}
                </button>
              </div>
            ))}
          </div>
          {found.length === 0 && (
            <p role="status" className="px-4 py-5 text-ink-3">
              Nothing here is called “{text}”.
            </p>
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** A key as it stands on the keyboard. */
export function Key({ name }: { name: string }) {
  return (
    <kbd className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-sm border border-line bg-panel px-1 font-mono text-2xs text-ink-2">
      {keyLabel(name)}
    </kbd>
  )
}

/** Whether every word of the query begins somewhere in the text. */
function matches(text: string, query: string): boolean {
  const hay = text.toLowerCase()
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word))
}
