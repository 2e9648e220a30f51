import type { Deployment, Secret, Workspace } from '@berth/contracts'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { cx } from '../../ui/cx.ts'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { secretsQuery } from '../deployments/launchQueries.ts'
import { peopleQuery } from '../lifecycle/queries.ts'

const SetSecret = lazy(async () => ({ default: (await import('./SetSecret.tsx')).SetSecret }))
const RemoveSecret = lazy(async () => ({ default: (await import('./RemoveSecret.tsx')).RemoveSecret }))

const wide = 'hidden @3xl:table-cell'

type Asked = { deed: 'set'; secret: Secret | null } | { deed: 'remove'; secret: Secret }

/** A workspace's secrets by name: what uses each, and who set it last. Values go in and never come out. */
export function Secrets(props: { workspace: Workspace; deployments: readonly Deployment[] }) {
  const { workspace, deployments } = props
  const organization = useOrganization()
  const unreadable = whyNot(organization, 'secrets:read')
  const refused = whyNot(organization, 'secrets:write')
  const [asked, setAsked] = useState<Asked | null>(null)
  const secrets = useQuery({
    ...secretsQuery(organization.id, workspace.id),
    refetchInterval: useSnapshotInterval(),
    enabled: !unreadable,
  })
  const { data: people } = useQuery(peopleQuery(organization.id))
  const usersOf = ({ name }: Secret): Deployment[] =>
    deployments.filter((one) => Object.values(one.secrets).includes(name))
  return (
    <Panel
      title="Secrets"
      note="kept encrypted; nobody reads a value back"
      flush
      actions={
        <Button
          className="!h-7 !px-2 text-xs"
          whyNot={refused}
          onClick={() => setAsked({ deed: 'set', secret: null })}
        >
          Set a secret
        </Button>
      }
    >
      {unreadable && <p className="px-3 py-2 text-xs text-ink-3">{unreadable}</p>}
      {secrets.isError && <ErrorPanel {...factsOf(secrets.error)} onRetry={() => void secrets.refetch()} />}
      {secrets.isPending && !unreadable && <RowsSkeleton label="Loading secrets" rows={2} />}
      {secrets.data?.items.length === 0 && (
        <p className="px-3 py-2 text-xs text-ink-3">
          There are none yet. A server that needs one, such as an API key, is given it when it is launched.
        </p>
      )}
      {secrets.data && secrets.data.items.length > 0 && (
        <Table>
          <thead>
            <tr>
              <Th className="@3xl:w-[24%]">Name</Th>
              <Th numeric className={`${wide} @3xl:w-[8%]`}>
                Version
              </Th>
              <Th className={`${wide} @3xl:w-[28%]`}>Used by</Th>
              <Th className={wide}>Set</Th>
              <Th className="w-[150px] @3xl:w-[16%]">
                <span className="sr-only">Actions</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {secrets.data.items.map((secret) => {
              const users = usersOf(secret)
              const names = users.map(({ name }) => name)
              return (
                <tr key={secret.id} className="group/row">
                  <Td title={secret.name} className="font-mono">
                    {secret.name}{' '}
                    {secret.lost && (
                      <StatusMark
                        tone="bad"
                        shape="warning"
                        word="lost"
                        title="The key that sealed it is gone: set it anew."
                      />
                    )}
                  </Td>
                  <Td numeric className={wide}>
                    {secret.version}
                  </Td>
                  <Td title={names.join('\n')} className={cx(wide, names.length === 0 && 'text-ink-3')}>
                    {names.join(', ') || 'nothing'}
                  </Td>
                  <Td className={`${wide} text-ink-3`}>
                    <Time at={secret.updatedAt} ago /> by {people?.get(secret.updatedBy) ?? 'an agent'}
                  </Td>
                  <Td className="text-right">
                    <Button
                      look="quiet"
                      aria-label={`Replace the value of ${secret.name}`}
                      className="!h-7 !px-2 text-xs"
                      whyNot={refused}
                      onClick={() => setAsked({ deed: 'set', secret })}
                    >
                      Replace
                    </Button>
                    <Button
                      look="quiet"
                      aria-label={`Remove ${secret.name}`}
                      className="!h-7 !px-2 text-xs"
                      whyNot={refused ?? inUse(names)}
                      onClick={() => setAsked({ deed: 'remove', secret })}
                    >
                      Remove
                    </Button>
                  </Td>
                </tr>
              )
            })}
          </tbody>
        </Table>
      )}
      <Suspense>
        {asked?.deed === 'set' && (
          <SetSecret
            workspace={workspace}
            secret={asked.secret}
            taken={secrets.data?.items.map(({ name }) => name) ?? []}
            users={asked.secret ? usersOf(asked.secret) : []}
            onClose={() => setAsked(null)}
          />
        )}
        {asked?.deed === 'remove' && (
          <RemoveSecret workspace={workspace} secret={asked.secret} onClose={() => setAsked(null)} />
        )}
      </Suspense>
    </Panel>
  )
}

function inUse(names: string[]): string | null {
  if (names.length === 0) return null
  const them = names.length === 1 ? 'it' : 'them'
  return `${names.join(', ')} ${names.length === 1 ? 'uses' : 'use'} it; give ${them} another secret or delete ${them} first.`
}
