import { api } from '@berth/contracts'
import { useMutation } from '@tanstack/react-query'
import { call, factsOf } from '../../api/client.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'

/** Sends the link that confirms an address, for the first time or once more, and says so. */
export function ResendLetter({ email, first = false }: { email: string; first?: boolean }) {
  const resend = useMutation({
    mutationFn: () => call(api.account.resendConfirmation, { body: { email } }),
  })
  return (
    <>
      <Button pending={resend.isPending && 'Sending…'} onClick={() => resend.mutate()}>
        {first && !resend.isSuccess ? 'Send the link' : 'Send it again'}
      </Button>
      {resend.isSuccess && (
        <p role="status" className="basis-full text-xs text-ink-3">
          {first ? 'Sent.' : 'Sent again.'} Only the link of the newest letter is good.
        </p>
      )}
      {resend.error && (
        <div className="basis-full">
          <ErrorPanel {...factsOf(resend.error)} />
        </div>
      )}
    </>
  )
}
