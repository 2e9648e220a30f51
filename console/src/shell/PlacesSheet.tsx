import { Check } from 'lucide-react'
import { useMe, useOrganization } from '../app/session.ts'
import { Sheet } from '../ui/Sheet.tsx'
import { PlaceLinks } from './SideNav.tsx'
import { useAccountEntries } from './useAccountEntries.tsx'

/** All pages and the account, where the window has no room for them at its side. */
export function PlacesSheet({ onClose, onKeys }: { onClose: () => void; onKeys: () => void }) {
  const organization = useOrganization()
  const { user } = useMe()
  const groups = useAccountEntries(onKeys)
  return (
    <Sheet title={organization.name} onClose={onClose}>
      <nav aria-label="Pages" className="px-2 py-3 [&_a]:h-9">
        <PlaceLinks onGo={onClose} />
      </nav>
      <section aria-label="Account" className="border-t border-line px-2 pt-3">
        {user && (
          <p className="truncate px-2 pb-1 text-xs text-ink-3">
            {user.name} · {user.email}
          </p>
        )}
        {groups.flat().map(({ label, icon, checked, run }) => (
          <button
            key={label}
            type="button"
            aria-pressed={checked}
            onClick={() => {
              if (checked === undefined) onClose()
              run()
            }}
            className="flex h-9 w-full items-center gap-2.5 rounded-md px-2 text-left text-ink-2 hover:bg-bg aria-pressed:font-semibold aria-pressed:text-ink"
          >
            {icon}
            <span className="flex-1">{label}</span>
            {checked && <Check aria-hidden className="size-3.5 text-accent" />}
          </button>
        ))}
      </section>
    </Sheet>
  )
}
