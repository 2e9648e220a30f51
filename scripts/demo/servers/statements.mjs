// Accounts of an example ledger with their entries: balances, statements and checks of account numbers.
import { createHmac } from 'node:crypto'
import { input, log, serve, ToolError } from './mcp.mjs'

const firstDay = Date.UTC(2025, 6, 1)
const days = 184
const holders = ['Treasury', 'Payroll', 'Card settlement', 'Client money']
const texts = [
  'Supplier payment',
  'Card settlement',
  'Transfer in',
  'Fees',
  'Salary run',
  'Refund',
  'Interest',
]

/** The remainder by which ISO 13616 checks account numbers: letters count from 10, the first four characters go last. */
function remainder(iban) {
  const moved = iban.slice(4) + iban.slice(0, 4)
  const digits = moved.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55))
  return Number(BigInt(digits) % 97n)
}

function withCheckDigits(country, rest) {
  return `${country}${String(98 - remainder(`${country}00${rest}`)).padStart(2, '0')}${rest}`
}

/** The same numbers at each start, so that balances stay what they were. */
function sequence(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function entriesOf(seed) {
  const next = sequence(seed)
  const entries = []
  for (let day = 0; day < days; day++) {
    for (let n = Math.floor(next() * 4); n > 0; n--) {
      entries.push({
        date: new Date(firstDay + day * 86_400_000).toISOString().slice(0, 10),
        text: texts[Math.floor(next() * texts.length)],
        cents: Math.round((next() - 0.45) * 2_000_000),
      })
    }
  }
  return entries
}

const accounts = new Map(
  holders.map((holder, index) => [
    withCheckDigits('DE', `50040000${String(1200345600 + index * 7).padStart(10, '0')}`),
    { holder, opening: 25_000_000 + index * 4_000_000, entries: entriesOf(index + 1) },
  ]),
)

function accountOf(iban) {
  const account = accounts.get(iban.replaceAll(' ', ''))
  if (!account) throw new ToolError(`There is no account ${iban}.`)
  return account
}

const euros = (cents) => (cents / 100).toFixed(2)
const total = (entries, from = 0) => entries.reduce((sum, { cents }) => sum + cents, from)

function balanceOn({ opening, entries }, date) {
  return total(
    entries.filter((entry) => entry.date <= date),
    opening,
  )
}

function statement(iban, month) {
  if (!/^\d{4}-\d{2}$/.test(month)) throw new ToolError('month must be like 2025-09.')
  const { holder, opening, entries } = accountOf(iban)
  const before = total(
    entries.filter(({ date }) => date.slice(0, 7) < month),
    opening,
  )
  const within = entries.filter(({ date }) => date.startsWith(month))
  if (within.length === 0) throw new ToolError(`The ledger has no entries in ${month}.`)
  return {
    iban,
    holder,
    month,
    opening: euros(before),
    closing: euros(total(within, before)),
    entries: within.map(({ date, text, cents }) => ({ date, text, amount: euros(cents) })),
  }
}

const signingKey = process.env.LEDGER_SIGNING_KEY

function signed(value) {
  if (!signingKey) return value
  return { ...value, signature: createHmac('sha256', signingKey).update(JSON.stringify(value)).digest('hex') }
}

const iban = { type: 'string', description: 'IBAN of the account' }

const tools = [
  {
    name: 'list_accounts',
    description: 'The accounts of the ledger.',
    inputSchema: input({}),
    run: () => ({ accounts: [...accounts].map(([number, { holder }]) => ({ iban: number, holder })) }),
  },
  {
    name: 'get_balance',
    description: 'The balance of an account at the end of a day, in euros.',
    inputSchema: input({ iban, date: { type: 'string', description: 'The day, like 2025-09-30' } }),
    run: ({ iban: number, date }) => ({
      iban: number,
      date,
      balance: euros(balanceOn(accountOf(number), date)),
    }),
  },
  {
    name: 'get_statement',
    description: 'The statement of one month, with opening and closing balance; signed where a key is set.',
    inputSchema: input({ iban, month: { type: 'string', description: 'The month, like 2025-09' } }),
    run: ({ iban: number, month }) => signed(statement(number, month)),
  },
  {
    name: 'check_iban',
    description: 'Whether an IBAN can exist: its length and its check digits.',
    inputSchema: input({ iban }),
    run: ({ iban: number }) => {
      const plain = number.replaceAll(' ', '').toUpperCase()
      const wellFormed = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(plain)
      return { iban: plain, valid: wellFormed && remainder(plain) === 1 }
    },
  },
]

log(
  `${accounts.size} accounts; statements are ${signingKey ? 'signed' : 'not signed: LEDGER_SIGNING_KEY is not set'}`,
)
serve(tools)
