import { api, type Token } from '@berth/contracts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { myTokensQuery } from './queries.ts'

/** Asks before a token is revoked, naming what follows. */
export function RevokeToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const queryClient = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => call(api.tokens.revokeMine, { params: { tokenId: token.id } }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: myTokensQuery.queryKey })
      onClose()
    },
  })
  return (
    <Dialog open onClose={onClose} title={`Revoke ${token.name}?`}>
      <DialogBody>
        <p className="text-ink-2">
          Programs that use the token ending in <span className="font-mono">{token.hint}</span> are refused at
          once, and their open sessions end. This cannot be undone; a new token has a new secret.
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
