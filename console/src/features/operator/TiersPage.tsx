import type { Tier } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useMemo } from 'react'
import { factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { useSnapshotInterval } from '../../app/live.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { RowsSkeleton } from '../../ui/Panel.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { tiersQuery } from '../lifecycle/queries.ts'
import { OperatorPage } from './OperatorPage.tsx'

const TierDialog = lazy(async () => ({ default: (await import('./TierDialog.tsx')).TierDialog }))

/** What each kind of place demands of what runs there. */
export function TiersPage() {
  const { create, edit } = useSearch({ from: '/console/operator/tiers' })
  const navigate = useNavigate({ from: '/console/operator/tiers' })
  const tiers = useQuery({ ...tiersQuery, refetchInterval: useSnapshotInterval() })
  const open = (search: { create?: true; edit?: string }) =>
    void navigate({ search: (before) => ({ ...before, create: undefined, edit: undefined, ...search }) })
  usePageActions(
    useMemo(
      (): Action[] => [
        {
          id: 'create',
          label: 'Create a tier',
          key: 'c',
          run: () => void navigate({ search: (before) => ({ ...before, create: true }) }),
        },
      ],
      [navigate],
    ),
  )
  const edited = tiers.data?.items.find(({ code }) => code === edit)
  return (
    <OperatorPage
      title="Tiers"
      intro="A workspace is in a tier, and the tier says what may run there and how. After a change, everything that runs in the tier is decided anew."
      action={
        <Button look="primary" onClick={() => open({ create: true })}>
          Create a tier
        </Button>
      }
    >
      {tiers.isError && <ErrorPanel {...factsOf(tiers.error)} onRetry={() => void tiers.refetch()} />}
      {tiers.isPending && (
        <div className="rounded-lg border border-line bg-panel">
          <RowsSkeleton label="Loading tiers" rows={3} />
        </div>
      )}
      {tiers.data && <TierTable tiers={tiers.data.items} onEdit={(code) => open({ edit: code })} />}
      <Suspense>
        {create && <TierDialog tier={null} onClose={() => open({})} />}
        {edited && <TierDialog key={edited.code} tier={edited} onClose={() => open({})} />}
      </Suspense>
    </OperatorPage>
  )
}

const wide = 'hidden @3xl:table-cell'

function TierTable({ tiers, onEdit }: { tiers: Tier[]; onEdit: (code: string) => void }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-panel">
      <Table aria-label="Tiers">
        <thead>
          <tr>
            <Th className="w-[46%] @3xl:w-auto">Tier</Th>
            <Th className="w-[30%] @3xl:w-[13%]">Sandbox</Th>
            <Th className={`${wide} @3xl:w-[15%]`}>Servers from folders</Th>
            <Th className={`${wide} @3xl:w-[20%]`}>Regions</Th>
            <Th className={`${wide} @3xl:w-[16%]`}>Calls are checked</Th>
            <Th className="w-[24%] @3xl:w-[9%]">
              <span className="sr-only">Actions</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {tiers.map(({ id, code, name, sandbox, allowLocal, regions, checkEveryCall }) => (
            <tr key={id} className="group/row">
              <Td title={`${name}\n${code}`}>
                <b className="font-semibold">{name}</b>{' '}
                <span className="font-mono text-[11.5px] text-ink-3">{code}</span>
              </Td>
              <Td>{sandbox}</Td>
              <Td className={wide}>{allowLocal ? 'may run' : 'refused'}</Td>
              <Td className={wide} title={regions.join('\n')}>
                {regions.join(', ') || 'any'}
              </Td>
              <Td className={wide}>{checkEveryCall ? 'in the database' : 'in memory'}</Td>
              <Td className="text-right">
                <Button
                  look="quiet"
                  aria-label={`Edit ${name}`}
                  className="!h-7 !px-2 text-xs"
                  onClick={() => onEdit(code)}
                >
                  Edit…
                </Button>
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}
