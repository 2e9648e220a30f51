import type { Token } from '@berth/contracts'
import type { ReactNode } from 'react'
import { useMe } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Table, Td, Th } from '../../ui/Table.tsx'
import { absoluteOf, Time } from '../../ui/Time.tsx'
import { tokenMarks } from './marks.ts'
import type { TokenOwner } from './owner.ts'

const wide = 'hidden @3xl:table-cell'
const roomy = 'hidden @md:table-cell'

/** Tokens: what each may do and where, until when, and when it was used last. */
export function TokenTable(props: {
  owner: TokenOwner
  tokens: readonly Token[]
  /** Why none can be revoked; null: they can. */
  whyNot: string | null
  onRevoke: (token: Token) => void
}) {
  const { owner, tokens, whyNot, onRevoke } = props
  const me = useMe()
  return (
    <Table>
      <thead>
        <tr>
          <Th className="@3xl:w-[19%]">Name</Th>
          <Th className="w-[88px] @3xl:w-[9%]">State</Th>
          <Th className={`${wide} @3xl:w-[18%]`}>Scopes</Th>
          <Th className={wide}>Reaches</Th>
          {owner.kind === 'person' && <Th className={`${wide} @3xl:w-[11%]`}>Organization</Th>}
          <Th className={`${wide} @3xl:w-[8%]`}>Last used</Th>
          <Th className={`${roomy} w-[100px] @3xl:w-[9%]`}>Expires</Th>
          <Th className="w-[92px] @3xl:w-[8%]">
            <span className="sr-only">Actions</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={token.id} className="group/row">
            <Td title={token.name}>
              <span className="flex gap-1">
                <b className="truncate font-semibold">{token.name}</b>
                <span className="shrink-0 font-mono text-ink-3">…{token.hint}</span>
              </span>
            </Td>
            <Td>
              <StatusMark {...tokenMarks[token.state]} />
            </Td>
            <Td className={wide} title={token.scopes.join('\n')}>
              {token.scopes.join(', ')}
            </Td>
            <Td className={wide} title={token.allowedTools?.join('\n')}>
              {reachOf(token)}
            </Td>
            {owner.kind === 'person' && (
              <Td className={wide}>
                {me.organizations.find(({ id }) => id === token.organizationId)?.name ??
                  (token.organizationId ? 'one you left' : 'all of yours')}
              </Td>
            )}
            <Td className={`${wide} text-ink-3`}>
              {token.lastUsedAt ? <Time at={token.lastUsedAt} ago /> : 'never'}
            </Td>
            <Td className={`${roomy} text-ink-3`}>
              {token.expiresAt ? <Expiry at={token.expiresAt} /> : 'never'}
            </Td>
            <Td className="text-right">
              {token.state === 'active' && (
                <Button
                  look="quiet"
                  aria-label={`Revoke ${token.name}`}
                  className="!h-7 !px-2 text-xs"
                  whyNot={whyNot}
                  onClick={() => onRevoke(token)}
                >
                  Revoke
                </Button>
              )}
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}

/** `2 deployments, echo only`. */
function reachOf({ allowedDeployments, allowedTools }: Token): ReactNode {
  const n = allowedDeployments?.length
  const where = n === undefined ? 'every deployment' : `${n} deployment${n === 1 ? '' : 's'}`
  return allowedTools ? `${where}, only ${allowedTools.join(', ')}` : where
}

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' })

function Expiry({ at }: { at: string }) {
  return (
    <time dateTime={at} title={absoluteOf(at)}>
      {day.format(new Date(at))}
    </time>
  )
}
