import { api, type Mail, mailMachine, refusalOf } from '@berth/contracts'
import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Mail as MailIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import type { z } from 'zod'
import { call, factsOf } from '../../api/client.ts'
import { useSnapshotInterval } from '../../app/live.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { FilterSelect } from '../../ui/FilterSelect.tsx'
import { Copyable } from '../../ui/Id.tsx'
import { InertBlock } from '../../ui/Inert.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import { sayDone, sayFailed } from '../../ui/Toast.tsx'
import type { Column } from '../../ui/VirtualTable.tsx'
import { Facts } from './Facts.tsx'
import { mailMarks } from './marks.ts'
import { OperatorList, wide } from './OperatorList.tsx'
import { OperatorPage } from './OperatorPage.tsx'
import { outboxQuery } from './queries.ts'
import type { outboxSearch } from './search.ts'

const states = [
  { value: 'queued', label: 'queued' },
  { value: 'sent', label: 'sent' },
  { value: 'failed', label: 'failed' },
  { value: 'unsent', label: 'to hand on' },
] as const

const noMailServer = (
  <>
    No mail server is set, so nothing is sent: open a message and hand on what it says.{' '}
    <code className="font-mono text-xs">BERTH_SMTP_URL</code> and{' '}
    <code className="font-mono text-xs">BERTH_MAIL_FROM</code> set one.
  </>
)

/** The e-mail of the installation: sent, failed, or to be handed on where no mail server is set. */
export function OutboxPage() {
  const { state, open } = useSearch({ from: '/console/operator/outbox' })
  const navigate = useNavigate({ from: '/console/operator/outbox' })
  const query = useInfiniteQuery({
    ...outboxQuery({ state }),
    refetchInterval: useSnapshotInterval(),
    placeholderData: keepPreviousData,
  })
  const sendsMail = query.data?.pages[0]?.sendsMail
  const set = (search: z.output<typeof outboxSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...search }), replace: true })
  return (
    <OperatorPage
      title="Outbox"
      intro={
        sendsMail === false
          ? noMailServer
          : 'What Berth mails to people. What could not be sent is tried again with growing pauses, then stands here as failed.'
      }
    >
      <OperatorList
        query={query}
        one="message"
        many="messages"
        filters={
          <FilterSelect label="State" options={states} value={state} onChange={(to) => set({ state: to })} />
        }
        onClear={state && (() => set({ state: undefined }))}
        empty={
          <EmptyState icon={<MailIcon className="size-6" />} title="Nothing was mailed yet">
            Links to confirm an address or to set a new password, and letters about payments, appear here
            whether they are sent or not. Invitations do where a mail server is set; otherwise whoever invites
            hands on the link.
          </EmptyState>
        }
        columns={columns}
        detail={detailOf}
        open={open}
        onOpen={(id) => set({ open: id })}
      />
    </OperatorPage>
  )
}

const columns: Column<Mail>[] = [
  {
    id: 'subject',
    header: 'Message',
    className: 'w-[66%] @3xl:w-auto',
    primary: true,
    title: ({ subject, recipient }) => `${subject}\n${recipient}`,
    cell: ({ subject, recipient }) => (
      <>
        <b className="font-semibold">{subject}</b> <span className="text-ink-3 @3xl:hidden">{recipient}</span>
      </>
    ),
  },
  {
    id: 'recipient',
    header: 'To',
    className: `${wide} @3xl:w-[26%]`,
    title: ({ recipient }) => recipient,
    cell: ({ recipient }) => recipient,
  },
  {
    id: 'state',
    header: 'State',
    className: 'w-[34%] @3xl:w-[13%]',
    cell: ({ state }) => <StatusMark {...mailMarks[state]} />,
  },
  {
    id: 'attempts',
    header: 'Tries',
    numeric: true,
    className: `${wide} @3xl:w-[7%]`,
    cell: (one) => one.attempts,
  },
  {
    id: 'created',
    header: 'Made',
    numeric: true,
    className: `${wide} @3xl:w-[10%]`,
    cellClassName: 'text-ink-3',
    cell: ({ createdAt }) => <Time at={createdAt} ago />,
  },
]

const detailOf = (row: Mail) => <Detail key={row.id} mail={row} />

function Detail({ mail }: { mail: Mail }) {
  const queryClient = useQueryClient()
  const resend = useMutation({
    mutationFn: () => call(api.notifications.resend, { params: { mailId: mail.id } }),
    onSuccess: () => sayDone(`The message to ${mail.recipient} is sent as soon as a worker has it.`),
    onError: (error) => sayFailed('The message was not sent', factsOf(error)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['operator', 'outbox'] }),
  })
  const link = /https?:\/\/\S+/.exec(mail.text ?? '')?.[0]
  const refused =
    refusalOf(mailMachine, mail.state, 'resend') ??
    // What it says is shown only where no mail server is set.
    (mail.text === null ? null : 'No mail server is set: BERTH_SMTP_URL and BERTH_MAIL_FROM set one.')
  return (
    <>
      <Facts
        facts={[
          ['To', <Copyable key="to" text={mail.recipient} what="recipient" />],
          ['Kind', mail.kind.replaceAll('-', ' ')],
          ...(link
            ? [
                ['Link', <Copyable key="link" text={link} what="link" sign="always" wrap />] as [
                  string,
                  ReactNode,
                ],
              ]
            : []),
          ...(mail.sentAt ? [['Sent', <Time key="sent" at={mail.sentAt} ago />] as [string, ReactNode]] : []),
          ...(mail.lastError ? [['Last failure', mail.lastError] as [string, ReactNode]] : []),
        ]}
      />
      {mail.text && <InertBlock label="What the message says" value={mail.text} tall />}
      {mail.state !== 'sent' && (
        <div className="mt-2 flex flex-wrap items-center gap-2">
          <Button whyNot={refused} pending={resend.isPending && 'Sending…'} onClick={() => resend.mutate()}>
            Send it
          </Button>
        </div>
      )}
    </>
  )
}
