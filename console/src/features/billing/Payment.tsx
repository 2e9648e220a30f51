import { api } from '@berth/contracts'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { call, factsOf } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { Button } from '../../ui/Button.tsx'
import { sayFailed } from '../../ui/Toast.tsx'
import { paymentQuery } from './queries.ts'

/** What invoices are collected from, and the way to the payment provider's pages; nothing where operators record payments. */
export function Payment({ organizationId, refused }: { organizationId: string; refused: string | null }) {
  const { data } = useQuery(paymentQuery(organizationId))
  const { mutate, isPending } = useMutation({
    mutationFn: () => call(api.checkout.portal, { params: { organizationId } }),
    onSuccess: ({ url }) => window.location.assign(url),
    onError: (error) => sayFailed('The payment pages could not be opened', factsOf(error)),
  })
  const hasPages = data !== undefined && data.provider !== 'manual'
  usePageActions(
    useMemo(
      (): Action[] =>
        hasPages ? [{ id: 'payment', label: 'Manage payment', whyNot: refused, run: () => mutate() }] : [],
      [hasPages, refused, mutate],
    ),
  )
  if (!hasPages) return null
  return (
    <p className="flex basis-full flex-wrap items-center gap-2 text-xs">
      <span className="min-w-0 flex-1 basis-[30ch]">
        {data.method ? (
          <>
            Invoices are collected from <b className="font-semibold">{data.method}</b>.
          </>
        ) : (
          'No card is kept: invoices are paid on their pages.'
        )}
      </span>
      <Button whyNot={refused} pending={isPending && 'Opening…'} onClick={() => mutate()}>
        Manage payment
      </Button>
    </p>
  )
}
