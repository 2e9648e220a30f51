import { CircleUserRound, Menu as MenuIcon, Search } from 'lucide-react'
import { isMac } from '../app/keys.ts'
import { useMe } from '../app/session.ts'
import { Menu } from '../ui/Menu.tsx'
import { Brand } from './Brand.tsx'
import { Crumb } from './Crumb.tsx'
import { LiveMark, NewVersion } from './LiveMark.tsx'
import { useAccountEntries } from './useAccountEntries.tsx'

export interface TopBarProps {
  onPalette: () => void
  onPlaces: () => void
  onKeys: () => void
  onCreateOrganization: () => void
}

/** Where one is, what one may reach, and whether it is live. */
export function TopBar({ onPalette, onPlaces, onKeys, onCreateOrganization }: TopBarProps) {
  return (
    <header className="relative col-span-full grid h-12 grid-cols-subgrid border-b border-line bg-panel max-sm:h-[85px] max-sm:pb-9">
      <div className="hidden items-center border-r border-line px-4 xl:flex">
        <Brand />
      </div>
      <div className="flex min-w-0 items-center gap-2 px-3 sm:px-4">
        <button
          type="button"
          aria-label="Pages and account"
          aria-haspopup="dialog"
          onClick={onPlaces}
          className="-ml-1 rounded-md p-1.5 text-ink-2 hover:bg-idle-bg xl:hidden"
        >
          <MenuIcon aria-hidden className="size-4" />
        </button>
        <Crumb
          onCreateOrganization={onCreateOrganization}
          onPalette={onPalette}
          className="max-sm:absolute max-sm:inset-x-0 max-sm:top-12 max-sm:h-9 max-sm:px-3"
        />
        <span className="sm:hidden">
          <Brand />
        </span>
        <span className="min-w-0 flex-1" />
        <button
          type="button"
          onClick={onPalette}
          className="flex h-7 shrink-0 items-center gap-2 rounded-md border border-line bg-bg px-2 text-ink-3 hover:border-line-strong whitespace-nowrap md:w-48 2xl:w-[260px]"
        >
          <Search aria-hidden className="size-3.5" />
          <span className="max-md:sr-only">Search or act</span>
          <kbd
            aria-hidden
            className="ml-auto rounded-sm border border-line px-1 font-mono text-2xs max-md:hidden"
          >
            {isMac ? '⌘K' : 'Ctrl K'}
          </kbd>
        </button>
        <NewVersion />
        <LiveMark />
        <AccountMenu onKeys={onKeys} />
      </div>
    </header>
  )
}

function AccountMenu({ onKeys }: { onKeys: () => void }) {
  const { user } = useMe()
  const [looks, ...rest] = useAccountEntries(onKeys)
  return (
    <Menu
      align="end"
      trigger={
        <button
          type="button"
          aria-label={`Account of ${user?.name ?? 'a service'}`}
          className="-mr-1 shrink-0 rounded-md p-1.5 text-ink-2 hover:bg-idle-bg max-sm:hidden"
        >
          <CircleUserRound aria-hidden className="size-[18px]" />
        </button>
      }
      groups={[
        { ...(user ? { title: `${user.name} · ${user.email}` } : {}), entries: looks! },
        ...rest.map((entries) => ({ entries })),
      ]}
    />
  )
}
