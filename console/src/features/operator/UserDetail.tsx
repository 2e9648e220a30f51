import { api, type Person, refusalOf, userMachine } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { useMe } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Copyable, Id } from '../../ui/Id.tsx'
import { Time } from '../../ui/Time.tsx'
import { sayFailed } from '../../ui/Toast.tsx'
import { Facts } from './Facts.tsx'

const ConfirmUser = lazy(async () => ({ default: (await import('./ConfirmUser.tsx')).ConfirmUser }))

/** What waits for a confirmation. */
export type Deed = 'disable' | 'reset-link' | 'remove-totp' | 'make-operator'

/** What stands below a person's row: where they belong, and what an operator can do. */
export function UserDetail({ person }: { person: Person }) {
  const me = useMe()
  const queryClient = useQueryClient()
  const [deed, setDeed] = useState<Deed | null>(null)
  const { id: userId, name, email, state, platformRoles, organizations, secondFactor } = person
  const settled = {
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['operator'] }),
    onError: (error: Error) => sayFailed(`${name} stays as before`, factsOf(error)),
  }
  const enable = useMutation({
    mutationFn: () => call(api.users.enable, { params: { userId } }),
    ...settled,
  })
  const change = useMutation({
    mutationFn: (role: Person['platformRoles'][number]) => {
      const params = { userId, role }
      return platformRoles.includes(role)
        ? call(api.users.revokeRole, { params })
        : call(api.users.grantRole, { params })
    },
    ...settled,
  })
  const facts: [string, ReactNode][] = [
    ['User', <Id key="id" value={userId} what="user id" />],
    [
      'E-mail',
      email ? (
        <span key="email">
          <Copyable text={email} what="e-mail address" />{' '}
          <span className="text-ink-3">{person.emailVerified ? 'confirmed' : 'not confirmed'}</span>
        </span>
      ) : (
        'erased'
      ),
    ],
    ['Organizations', organizations.map((one) => `${one.name} (${one.role})`).join(', ') || 'none'],
    ['Registered', <Time key="registered" at={person.createdAt} ago />],
  ]
  const gone = state === 'deleted' ? 'The account was deleted.' : null
  const own = userId === me.user?.id ? 'This is your own account.' : null
  return (
    <>
      <Facts facts={facts} />
      <div className="mt-1 flex flex-wrap gap-2">
        {state === 'disabled' ? (
          <Button pending={enable.isPending && 'Enabling…'} onClick={() => enable.mutate()}>
            Enable
          </Button>
        ) : (
          <Button
            look="danger"
            whyNot={own ?? refusalOf(userMachine, state, 'disable')}
            onClick={() => setDeed('disable')}
          >
            Disable…
          </Button>
        )}
        <Button whyNot={gone} onClick={() => setDeed('reset-link')}>
          Make a reset link…
        </Button>
        <Button
          whyNot={gone ?? (secondFactor ? null : 'No second factor is on for this account.')}
          onClick={() => setDeed('remove-totp')}
        >
          Take off the second factor…
        </Button>
        {(['operator', 'reviewer'] as const).map((role) => {
          const has = platformRoles.includes(role)
          return (
            <Button
              key={role}
              whyNot={gone}
              pending={change.isPending && change.variables === role && 'Changing…'}
              onClick={() => (role === 'operator' && !has ? setDeed('make-operator') : change.mutate(role))}
            >
              {has ? `No longer ${role}` : `Make ${role}${role === 'operator' ? '…' : ''}`}
            </Button>
          )
        })}
      </div>
      <Suspense>{deed && <ConfirmUser deed={deed} person={person} onClose={() => setDeed(null)} />}</Suspense>
    </>
  )
}
