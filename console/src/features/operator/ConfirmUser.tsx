import { api, type EndpointOutput, type Person } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Copyable } from '../../ui/Id.tsx'
import { absoluteOf } from '../../ui/Time.tsx'
import type { Deed } from './UserDetail.tsx'

interface Words {
  title: string
  consequence: string
  keep: string
  doIt: string
  doing: string
}

const wordsFor: Record<Deed, (name: string) => Words> = {
  disable: (name) => ({
    title: `Disable ${name}?`,
    consequence:
      'Their sign-ins and open sessions end at once and their tokens are revoked for good. What they launched goes on running. The account can be enabled again; its tokens cannot.',
    keep: 'Leave it active',
    doIt: `Disable ${name}`,
    doing: 'Disabling…',
  }),
  'reset-link': (name) => ({
    title: `Make a reset link for ${name}?`,
    consequence:
      'Whoever opens the link sets a new password and ends all sign-ins of the account. It is shown once, is good once and for an hour, and ends links made before. Hand it on by a way you trust.',
    keep: 'Cancel',
    doIt: 'Make the link',
    doing: 'Making…',
  }),
  'make-operator': (name) => ({
    title: `Make ${name} an operator?`,
    consequence:
      'An operator looks after the whole installation: they disable people, suspend organizations, change tiers and what is in the catalog. It can be taken back.',
    keep: 'Cancel',
    doIt: 'Make operator',
    doing: 'Changing…',
  }),
  'remove-totp': (name) => ({
    title: `Take the second factor off ${name}’s account?`,
    consequence:
      'From then on the password alone signs in, until they set up another. Be sure that it is them who asked.',
    keep: 'Leave it on',
    doIt: 'Take it off',
    doing: 'Taking off…',
  }),
}

type Link = EndpointOutput<typeof api.users.createResetLink>

/** What each does; a link is shown, of everything else the row tells. */
const deeds: Record<Deed, (userId: string) => Promise<Link | null>> = {
  disable: (userId) => call(api.users.disable, { params: { userId } }).then(() => null),
  'reset-link': (userId) => call(api.users.createResetLink, { params: { userId } }),
  'make-operator': (userId) =>
    call(api.users.grantRole, { params: { userId, role: 'operator' } }).then(() => null),
  'remove-totp': (userId) => call(api.users.removeTotp, { params: { userId } }).then(() => null),
}

/** Says what follows for a person, then does it. */
export function ConfirmUser({ deed, person, onClose }: { deed: Deed; person: Person; onClose: () => void }) {
  const queryClient = useQueryClient()
  const act = useMutation({
    mutationFn: () => deeds[deed](person.id),
    onSuccess: async (link) => {
      await queryClient.invalidateQueries({ queryKey: ['operator'] })
      if (!link) onClose()
    },
  })
  const words = wordsFor[deed](person.name)
  if (act.data) {
    return (
      <Dialog open onClose={onClose} title={`The reset link of ${person.name}`} width="wide">
        <DialogBody>
          <p className="text-ink-2">Shown only now. Good once, until {absoluteOf(act.data.expiresAt)}.</p>
          <Copyable text={act.data.url} what="reset link" sign="always" wrap />
        </DialogBody>
        <DialogFooter>
          <Button look="primary" onClick={onClose}>
            I have it
          </Button>
        </DialogFooter>
      </Dialog>
    )
  }
  return (
    <Dialog open onClose={onClose} title={words.title}>
      <DialogBody>
        <p className="text-ink-2">{words.consequence}</p>
        {act.error && <ErrorPanel {...factsOf(act.error)} />}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>{words.keep}</Button>
        <Button
          look={deed === 'disable' || deed === 'remove-totp' ? 'danger' : 'primary'}
          pending={act.isPending && words.doing}
          onClick={() => act.mutate()}
        >
          {words.doIt}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
