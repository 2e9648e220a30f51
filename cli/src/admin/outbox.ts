import { api, mailState, type Mail } from '@berth/contracts'
import { Command, Option } from 'commander'
import { does, noun } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { paged, readPages, type PageOptions } from '../core/pages.ts'
import { escapeText } from '../core/text.ts'
import { relativeTime } from '../core/time.ts'

interface ListOptions extends PageOptions {
  state?: Mail['state']
  text?: boolean
}

/** `mcpctl admin outbox`; alone it lists what was, or would have been, sent. */
export function outboxCommand(): Command {
  const command = noun('outbox', 'The e-mail of this Berth (operators only)', [
    does(
      new Command('resend')
        .description('Send a message that failed, or that waited for a mail server')
        .argument('<message>', 'its id'),
      resend,
    ),
  ])
  const list = does(
    paged(new Command('list').description('What was sent, waits, failed, or would have been sent'))
      .addOption(new Option('--state <state>', 'only these').choices(mailState.options))
      .option('--text', 'also print what unsent messages say, links and all'),
    listMails,
  )
  return command.addCommand(list, { isDefault: true })
}

async function listMails(context: Context, options: ListOptions): Promise<void> {
  const { state } = options
  let sendsMail = true
  const page = await readPages(options, async (query) => {
    const answer = await context.call(api.notifications.outbox, { query: { ...query, state } })
    sendsMail = answer.sendsMail
    return answer
  })
  const { out } = context
  if (out.json) return out.data({ ...page, sendsMail })
  if (!sendsMail)
    out.say('No mail server is set (BERTH_SMTP_URL): hand on yourself what unsent messages say.')
  out.table(
    page.items,
    [
      { title: 'id', cell: (one) => one.id },
      { title: 'to', cell: (one) => one.recipient },
      { title: 'subject', cell: (one) => one.subject, max: 40 },
      { title: 'state', cell: (one) => one.state },
      { title: 'tries', cell: (one) => one.attempts },
      { title: 'created', cell: (one) => relativeTime(one.createdAt) },
      { title: 'last error', cell: (one) => one.lastError, max: 120 },
    ],
    'There is no message.',
  )
  if (!options.text) return
  for (const { id, text } of page.items) {
    if (text === null) continue
    out.line()
    out.line(id)
    for (const line of text.trimEnd().split('\n')) out.line(`  ${escapeText(line)}`)
  }
}

async function resend(context: Context, _options: object, mailId: string): Promise<void> {
  const mail = await context.call(api.notifications.resend, { params: { mailId } })
  if (context.out.json) return context.out.data(mail)
  context.out.done(`The message to ${escapeText(mail.recipient)} is on its way again.`)
}
