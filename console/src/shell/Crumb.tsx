import { useNavigate } from '@tanstack/react-router'
import { ChevronsUpDown, Plus } from 'lucide-react'
import { keyLabel } from '../app/keys.ts'
import { useMe } from '../app/session.ts'
import { cx } from '../ui/cx.ts'
import { Menu } from '../ui/Menu.tsx'
import { usePlace, useStrictTiers, useWorkspaces } from './useWorkspaces.ts'

/** Organization, workspace and tier; the first two lead to others. */
export function Crumb({
  onCreateOrganization,
  onPalette,
  className,
}: {
  onCreateOrganization: () => void
  onPalette: () => void
  className?: string
}) {
  const me = useMe()
  const navigate = useNavigate()
  const { organization, known, more, workspaces, current } = useWorkspaces()
  const go = (search: { org?: string; workspace?: string | undefined }) => () =>
    void navigate({ to: '/console/lifecycle', search })
  return (
    <nav
      aria-label="Where you are"
      // Where room is short, both names give up as much of it: neither long one hides the other.
      className={cx(
        'grid min-w-0 grid-cols-[minmax(0,max-content)_auto_minmax(0,max-content)_auto] items-center justify-start gap-1',
        className,
      )}
    >
      <Menu
        trigger={<CrumbButton label="Organization">{organization.name}</CrumbButton>}
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
      <span aria-hidden className="text-ink-3">
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
            ...(more
              ? [{ entries: [{ label: 'Find another workspace…', hint: keyLabel('mod+k'), run: onPalette }] }]
              : []),
          ]}
        />
      ) : (
        <span className="truncate px-1 text-ink-3">{nothing[known]}</span>
      )}
      <PlaceMark />
    </nav>
  )
}

/** Said where no workspace can be named. */
const nothing = { yes: 'no workspace yet', 'not yet': '…', unreachable: 'workspaces not loaded' }

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
  const place = usePlace()
  const strict = useStrictTiers()
  if (!place) return null
  const { tiers, regions } = place
  // Red is for the one place that is on view, not for a tier that is somewhere among all of them.
  const grave = tiers.length === 1 && strict.has(tiers[0]!)
  return (
    <span
      title={`Tier: ${tiers.join(', ')}\nRegion: ${regions.join(', ')}`}
      className={cx(
        // On a telephone it stands in the row above, where the names leave no room for it.
        'ml-0.5 rounded-sm border max-sm:absolute max-sm:-top-[34px] max-sm:right-[68px] max-sm:max-w-[calc(100%-12.5rem)] max-sm:truncate px-1.5 text-2xs font-semibold tracking-[0.02em] whitespace-nowrap',
        grave ? 'border-bad bg-bad-bg text-bad' : 'border-line-strong text-ink-2',
      )}
    >
      {tiers.length === 1 ? tiers[0]!.toUpperCase() : `${tiers.length} tiers`}
      {' · '}
      {regions.length === 1 ? regions[0] : `${regions.length} regions`}
    </span>
  )
}
