import { useNavigate, useRouter } from '@tanstack/react-router'
import {
  ChevronsUpDown,
  CircleUserRound,
  Keyboard,
  LogOut,
  Menu as MenuIcon,
  Monitor,
  Moon,
  Plus,
  Search,
  Sun,
} from 'lucide-react'
import { isMac } from '../app/keys.ts'
import { useMe } from '../app/session.ts'
import { chooseTheme, themeChoice, useTheme } from '../app/theme.ts'
import { cx } from '../ui/cx.ts'
import { Menu } from '../ui/Menu.tsx'
import { Brand } from './Brand.tsx'
import { LiveMark } from './LiveMark.tsx'
import { operatorPlaces, places } from './places.ts'
import { useSignOut } from './useSignOut.ts'
import { useStrictTiers, useWorkspaces } from './useWorkspaces.ts'

export interface TopBarProps {
  onPalette: () => void
  onKeys: () => void
  onCreateOrganization: () => void
}

/** Where one is, what one may reach, and whether it is live. */
export function TopBar({ onPalette, onKeys, onCreateOrganization }: TopBarProps) {
  return (
    <header className="col-span-full grid grid-cols-subgrid border-b border-line bg-panel">
      <div className="hidden items-center border-r border-line px-4 xl:flex">
        <Brand />
      </div>
      <div className="flex min-w-0 items-center gap-2 px-3 sm:px-4">
        <PagesMenu />
        <Crumb onCreateOrganization={onCreateOrganization} />
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
        <LiveMark />
        <AccountMenu onKeys={onKeys} />
      </div>
    </header>
  )
}

function PagesMenu() {
  const router = useRouter()
  const { platformRoles } = useMe()
  const entriesOf = (some: typeof places) =>
    some.map(({ to, label, icon: Icon }) => ({
      label,
      icon: <Icon aria-hidden className="size-3.5" />,
      run: () => void router.navigate({ to }),
    }))
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label="Pages"
          className="-ml-1 rounded-md p-1.5 text-ink-2 hover:bg-idle-bg xl:hidden"
        >
          <MenuIcon aria-hidden className="size-4" />
        </button>
      }
      groups={[
        { entries: entriesOf(places) },
        ...(platformRoles.includes('operator')
          ? [{ title: 'Operator', entries: entriesOf(operatorPlaces) }]
          : []),
      ]}
    />
  )
}

function Crumb({ onCreateOrganization }: { onCreateOrganization: () => void }) {
  const me = useMe()
  const navigate = useNavigate()
  const { organization, loaded, workspaces, current } = useWorkspaces()
  const go = (search: { org?: string; workspace?: string | undefined }) => () =>
    void navigate({ to: '/console/lifecycle', search })
  return (
    <nav aria-label="Where you are" className="flex min-w-0 items-center gap-1">
      <Menu
        trigger={
          <CrumbButton label="Organization" className="max-sm:hidden">
            {organization.name}
          </CrumbButton>
        }
        groups={[
          {
            title: 'Organizations',
            entries: me.organizations.map(({ id, slug, name, role }) => ({
              label: name,
              hint: role ?? '',
              checked: id === organization.id,
              run: go({ org: slug }),
            })),
          },
          {
            entries: [
              {
                label: 'Create an organization',
                icon: <Plus aria-hidden className="size-3.5" />,
                run: onCreateOrganization,
              },
            ],
          },
        ]}
      />
      <span aria-hidden className="text-ink-3 max-sm:hidden">
        /
      </span>
      {workspaces.length > 0 ? (
        <Menu
          trigger={
            <CrumbButton label="Workspace" strong>
              {current?.name ?? 'All workspaces'}
            </CrumbButton>
          }
          groups={[
            {
              entries: [
                {
                  label: 'All workspaces',
                  checked: !current,
                  run: go({ org: organization.slug, workspace: undefined }),
                },
              ],
            },
            {
              title: 'Workspaces',
              entries: workspaces.map(({ id, key, name, tier, region }) => ({
                label: name,
                hint: `${tier} · ${region}`,
                checked: id === current?.id,
                run: go({ org: organization.slug, workspace: key }),
              })),
            },
          ]}
        />
      ) : (
        <span className="truncate px-1 text-ink-3">{loaded ? 'no workspace yet' : '…'}</span>
      )}
      <PlaceMark />
    </nav>
  )
}

function CrumbButton({
  label,
  strong,
  className,
  children,
  ...rest
}: React.ComponentProps<'button'> & { label: string; strong?: boolean; children: string }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={`${label}: ${children}`}
      className={cx(
        'flex h-7 min-w-0 items-center gap-1 rounded-md px-1.5 hover:bg-idle-bg',
        strong ? 'font-semibold text-ink' : 'text-ink-2',
        className,
      )}
    >
      <span className="truncate">{children}</span>
      <ChevronsUpDown aria-hidden className="size-3 shrink-0 text-ink-3" />
    </button>
  )
}

/** Tier and region of what is on view; a tier that checks every call cannot be overlooked. */
function PlaceMark() {
  const { workspaces, current } = useWorkspaces()
  const strict = useStrictTiers()
  const shown = current ? [current] : workspaces
  if (shown.length === 0) return null
  const tiers = [...new Set(shown.map(({ tier }) => tier))]
  const regions = [...new Set(shown.map(({ region }) => region))]
  const tone = tiers.some((tier) => strict.has(tier))
    ? 'border-bad text-bad'
    : 'border-line-strong text-ink-2'
  return (
    <span
      title={`Tier: ${tiers.join(', ')}\nRegion: ${regions.join(', ')}`}
      className={cx(
        'ml-0.5 shrink-0 rounded-sm border px-1.5 text-2xs font-semibold tracking-[0.02em] whitespace-nowrap',
        tone,
      )}
    >
      {tiers.length === 1 ? tiers[0]!.toUpperCase() : `${tiers.length} TIERS`}
      <span className="max-sm:hidden">
        {' · '}
        {regions.length === 1 ? regions[0] : `${regions.length} regions`}
      </span>
    </span>
  )
}

function AccountMenu({ onKeys }: { onKeys: () => void }) {
  const { user } = useMe()
  const signOut = useSignOut()
  useTheme()
  const choice = themeChoice()
  const theme = (value: typeof choice, label: string, Icon: typeof Sun) => ({
    label,
    icon: <Icon aria-hidden className="size-3.5" />,
    checked: choice === value,
    run: () => chooseTheme(value),
  })
  return (
    <Menu
      align="end"
      trigger={
        <button
          type="button"
          aria-label={`Account of ${user?.name ?? 'a service'}`}
          className="-mr-1 shrink-0 rounded-md p-1.5 text-ink-2 hover:bg-idle-bg"
        >
          <CircleUserRound aria-hidden className="size-[18px]" />
        </button>
      }
      groups={[
        {
          ...(user ? { title: `${user.name} · ${user.email}` } : {}),
          entries: [
            theme('system', 'Theme of this machine', Monitor),
            theme('light', 'Light theme', Sun),
            theme('dark', 'Dark theme', Moon),
          ],
        },
        {
          entries: [
            { label: 'Keys', hint: '?', icon: <Keyboard aria-hidden className="size-3.5" />, run: onKeys },
            { label: 'Sign out', icon: <LogOut aria-hidden className="size-3.5" />, run: signOut },
          ],
        },
      ]}
    />
  )
}
