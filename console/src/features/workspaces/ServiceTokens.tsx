import { api, type Permission, type Token, type Workspace } from '@berth/contracts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, createIdempotencyKeys, factsOf, fieldFaultsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input, TextArea } from '../../ui/Field.tsx'
import { Panel, RowsSkeleton } from '../../ui/Panel.tsx'
import { Select } from '../../ui/Select.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { lifetimes, Secret } from '../tokens/CreateToken.tsx'
import { tokenMarks } from '../tokens/marks.ts'
import { serviceTokensQuery } from './queries.ts'

const wide = 'hidden @2xl:table-cell'

/** The tokens that a workspace's agents act with. */
export function ServiceTokens({ workspace }: { workspace: Workspace }) {
  const organization = useOrganization()
  const unreadable = whyNot(organization, 'tokens:read')
  const refused = whyNot(organization, 'tokens:write')
  const [creating, setCreating] = useState(false)
  const [revoking, setRevoking] = useState<Token | null>(null)
  const tokens = useQuery({
    ...serviceTokensQuery(organization.id, workspace.id),
    refetchInterval: useSnapshotInterval(),
    enabled: !unreadable,
  })
  return (
    <Panel
      title="Service tokens"
      note="for agents that work in this workspace, not for people"
      flush
      actions={
        <Button className="!h-7 !px-2 text-xs" whyNot={refused} onClick={() => setCreating(true)}>
          Create a service token
        </Button>
      }
    >
      {unreadable && <p className="px-3 py-2 text-xs text-ink-3">{unreadable}</p>}
      {tokens.isError && <ErrorPanel {...factsOf(tokens.error)} onRetry={() => void tokens.refetch()} />}
      {tokens.isPending && !unreadable && <RowsSkeleton label="Loading service tokens" rows={2} />}
      {tokens.data?.items.length === 0 && (
        <p className="px-3 py-2 text-xs text-ink-3">
          There are none yet. An agent needs one to call the servers here without acting as a person.
        </p>
      )}
      {tokens.data && tokens.data.items.length > 0 && (
        <Table>
          <thead>
            <tr>
              <Th className="w-[44%] @2xl:w-[26%]">Name</Th>
              <Th className="w-[28%] @2xl:w-[12%]">State</Th>
              <Th className={wide}>Scopes</Th>
              <Th className={`${wide} @2xl:w-[14%]`}>Tools</Th>
              <Th className={`${wide} @2xl:w-[12%]`}>Last used</Th>
              <Th className="w-[28%] @2xl:w-[10%]">
                <span className="sr-only">Actions</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {tokens.data.items.map((token) => (
              <tr key={token.id} className="group/row">
                <Td title={token.name}>
                  <b className="font-semibold">{token.name}</b>{' '}
                  <span className="font-mono text-ink-3">…{token.hint}</span>
                </Td>
                <Td>
                  <StatusMark {...tokenMarks[token.state]} />
                </Td>
                <Td className={wide} title={token.scopes.join('\n')}>
                  {token.scopes.join(', ')}
                </Td>
                <Td className={wide} title={token.allowedTools?.join('\n')}>
                  {token.allowedTools?.join(', ') ?? 'every tool'}
                </Td>
                <Td className={`${wide} text-ink-3`}>
                  {token.lastUsedAt ? <Time at={token.lastUsedAt} ago /> : 'never'}
                </Td>
                <Td className="text-right">
                  {token.state === 'active' && (
                    <Button
                      look="quiet"
                      aria-label={`Revoke ${token.name}`}
                      className="!h-7 !px-2 text-xs"
                      whyNot={refused}
                      onClick={() => setRevoking(token)}
                    >
                      Revoke
                    </Button>
                  )}
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
      {creating && <Create workspace={workspace} onClose={() => setCreating(false)} />}
      {revoking && <Revoke token={revoking} workspace={workspace} onClose={() => setRevoking(null)} />}
    </Panel>
  )
}

const scopes: Permission[] = ['tools:call', 'deployments:read']

function Create({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const [keyOf] = useState(createIdempotencyKeys)
  const [name, setName] = useState('')
  const [tools, setTools] = useState('')
  const [lifetime, setLifetime] = useState('90')
  const [fault, setFault] = useState<string>()
  const params = { organizationId: organization.id, workspaceId: workspace.id }
  const create = useMutation({
    mutationFn: () => {
      const allowedTools = tools.split(/[\s,]+/).filter(Boolean)
      const body = {
        name: name.trim(),
        scopes,
        expiresInDays: lifetime === 'never' ? null : Number(lifetime),
        allowedTools: allowedTools.length > 0 ? allowedTools : null,
      }
      return call(api.tokens.createService, { params, body }, { idempotencyKey: keyOf(body) })
    },
    onSuccess: () =>
      queryClient.invalidateQueries({
        queryKey: serviceTokensQuery(organization.id, workspace.id).queryKey,
      }),
  })
  const faults = fieldFaultsOf(create.error)
  if (create.data) return <Secret name={create.data.name} secret={create.data.secret} onClose={onClose} />
  return (
    <Dialog
      open
      onClose={onClose}
      title="Create a service token"
      description={`For an agent: it calls the servers of ${workspace.name}, and sees how they are.`}
    >
      <form
        noValidate
        className="flex min-h-0 flex-col"
        onSubmit={(event) => {
          event.preventDefault()
          setFault(name.trim() ? undefined : 'Give it a name by which you will know it again.')
          if (name.trim()) create.mutate()
        }}
      >
        <DialogBody>
          <Field label="Name" error={fault ?? faults.name}>
            <Input autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
          </Field>
          <Field
            label="Allowed tools"
            optional
            error={faults.allowedTools}
            hint="Names of tools, by spaces. Empty: every tool."
          >
            <TextArea
              rows={2}
              spellCheck={false}
              value={tools}
              onChange={(event) => setTools(event.target.value)}
            />
          </Field>
          <Field label="Expires after" error={faults.expiresInDays}>
            <Select label="Expires after" value={lifetime} options={lifetimes} onChange={setLifetime} />
          </Field>
          {create.error && <ErrorPanel {...factsOf(create.error)} />}
        </DialogBody>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" pending={create.isPending && 'Creating…'}>
            Create token
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  )
}

function Revoke(props: { token: Token; workspace: Workspace; onClose: () => void }) {
  const { token, workspace, onClose } = props
  const organization = useOrganization()
  const queryClient = useQueryClient()
  const revoke = useMutation({
    mutationFn: () =>
      call(api.tokens.revokeService, {
        params: { organizationId: organization.id, workspaceId: workspace.id, tokenId: token.id },
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({
        queryKey: serviceTokensQuery(organization.id, workspace.id).queryKey,
      })
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={`Revoke ${token.name}?`}>
      <DialogBody>
        <p className="text-ink-2">
          Agents that use the token ending in <span className="font-mono">{token.hint}</span> are refused at
          once, and their open sessions end. This cannot be undone.
        </p>
        {revoke.error && <ErrorPanel {...factsOf(revoke.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" pending={revoke.isPending && 'Revoking…'} onClick={() => revoke.mutate()}>
          Revoke {token.name}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
