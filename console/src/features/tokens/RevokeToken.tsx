import type { Token } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { revokeToken, type TokenOwner, tokensQuery } from './owner.ts'

/** Asks before a token is revoked, naming what follows. */
export function RevokeToken(props: { owner: TokenOwner; token: Token; onClose: () => void }) {
  const { owner, token, onClose } = props
  const queryClient = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => revokeToken(owner, token.id),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: tokensQuery(owner).queryKey })
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={`Revoke ${token.name}?`}>
      <DialogBody>
        <p className="text-ink-2">
          {owner.kind === 'person' ? 'Programs' : 'Agents'} that use the token ending in{' '}
          <span className="font-mono">{token.hint}</span> are refused at once, and their open sessions end.
          This cannot be undone; a new token has a new secret.
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
