import type { Me } from '@berth/contracts'
import { MailWarning } from 'lucide-react'
import { ResendLetter } from './ResendLetter.tsx'

/** Above every page, for somebody who was here before addresses had to be confirmed. */
export function ConfirmBanner({ me }: { me: Me }) {
  if (me.confirmEmail !== 'should' || !me.user) return null
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-line bg-panel px-4 py-2 text-sm sm:px-5"
    >
      <MailWarning aria-hidden className="size-4 shrink-0 text-wait" />
      <p className="min-w-0 flex-1 basis-60 break-words">
        <b className="font-semibold">Show that {me.user.email} is yours:</b> open the link in the letter that
        is sent there.
      </p>
      <ResendLetter email={me.user.email} first />
    </div>
  )
}
