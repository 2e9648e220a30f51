import { api, type Person } from '@berth/contracts'
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
  'remove-totp': (name) => ({
    title: `Take the second factor off ${name}’s account?`,
    consequence:
      'From then on the password alone signs in, until they set up another. Be sure that it is them who asked.',
    keep: 'Leave it on',
    doIt: 'Take it off',
    doing: 'Taking off…',
  }),
}

/** Says what follows for a person, then does it. */
export function ConfirmUser({ deed, person, onClose }: { deed: Deed; person: Person; onClose: () => void }) {
  const queryClient = useQueryClient()
  const params = { userId: person.id }
  const act = useMutation({
    mutationFn: async () => {
      if (deed === 'reset-link') return call(api.users.createResetLink, { params })
      await (deed === 'disable'
        ? call(api.users.disable, { params })
        : call(api.users.removeTotp, { params }))
      return null
    },
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
          look={deed === 'reset-link' ? 'primary' : 'danger'}
          pending={act.isPending && words.doing}
          onClick={() => act.mutate()}
        >
          {words.doIt}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
