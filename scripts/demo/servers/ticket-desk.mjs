// Tickets of a help desk, kept in the server's own /data.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { input, log, serve, ToolError } from './mcp.mjs'

const file = '/data/tickets.json'
const kept = 500
let tickets = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []

function save() {
  tickets = tickets.slice(-kept)
  writeFileSync(`${file}.next`, JSON.stringify(tickets))
  renameSync(`${file}.next`, file)
}

function ticketOf(id) {
  const ticket = tickets.find((one) => one.id === id)
  if (!ticket) throw new ToolError(`There is no ticket ${id}.`)
  return ticket
}

const id = { type: 'integer', description: 'Number of the ticket' }
const priorities = ['low', 'normal', 'urgent']

const tools = [
  {
    name: 'open_ticket',
    description: 'Opens a ticket and returns it with its number.',
    inputSchema: input(
      {
        subject: { type: 'string', description: 'What it is about, in one line' },
        customer: { type: 'string', description: 'Who asks' },
        priority: { type: 'string', enum: priorities, default: 'normal' },
      },
      ['subject', 'customer'],
    ),
    run: ({ subject, customer, priority = 'normal' }) => {
      if (!priorities.includes(priority))
        throw new ToolError(`priority must be one of ${priorities.join(', ')}.`)
      const openedAt = new Date().toISOString()
      const number = (tickets.at(-1)?.id ?? 1000) + 1
      const ticket = { id: number, subject, customer, priority, state: 'open', openedAt, comments: [] }
      tickets.push(ticket)
      save()
      return ticket
    },
  },
  {
    name: 'list_tickets',
    description: 'Tickets, newest first; only the open ones unless all are asked for.',
    inputSchema: input({ all: { type: 'boolean', default: false } }, []),
    run: ({ all = false }) => ({
      tickets: tickets
        .filter(({ state }) => all || state === 'open')
        .toReversed()
        .slice(0, 20)
        .map(({ id: number, subject, priority, state }) => ({ id: number, subject, priority, state })),
    }),
  },
  {
    name: 'get_ticket',
    description: 'One ticket with its comments.',
    inputSchema: input({ id }),
    run: ({ id: number }) => ticketOf(number),
  },
  {
    name: 'comment',
    description: 'Adds a comment to an open ticket.',
    inputSchema: input({ id, text: { type: 'string', description: 'What to say' } }),
    run: ({ id: number, text }) => {
      const ticket = ticketOf(number)
      if (ticket.state === 'closed') throw new ToolError(`The ticket ${number} is closed.`)
      ticket.comments.push({ at: new Date().toISOString(), text })
      save()
      return ticket
    },
  },
  {
    name: 'close_ticket',
    description: 'Closes a ticket with what came of it.',
    inputSchema: input({ id, resolution: { type: 'string', description: 'What came of it' } }),
    run: ({ id: number, resolution }) => {
      const ticket = ticketOf(number)
      if (ticket.state === 'closed') throw new ToolError(`The ticket ${number} is closed already.`)
      Object.assign(ticket, { state: 'closed', closedAt: new Date().toISOString(), resolution })
      save()
      return ticket
    },
  },
]

log(`${tickets.length} tickets`)
serve(tools)
