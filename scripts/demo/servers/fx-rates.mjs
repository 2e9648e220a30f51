// Currency conversion by cross rates from reference rates of one example day.
import { input, log, serve, ToolError } from './mcp.mjs'

const day = '2026-01-15'

/** Units of a currency for one euro, and how many decimals its amounts have. */
const currencies = {
  EUR: [1, 2],
  USD: [1.0842, 2],
  GBP: [0.8571, 2],
  CHF: [0.9614, 2],
  JPY: [163.21, 0],
  SEK: [11.287, 2],
  NOK: [11.642, 2],
  DKK: [7.4603, 2],
  PLN: [4.3105, 2],
  CZK: [25.12, 2],
  CAD: [1.4735, 2],
  AUD: [1.6432, 2],
  SGD: [1.4521, 2],
  INR: [90.31, 2],
}

function unitsOf(code) {
  const found = Object.hasOwn(currencies, code) ? currencies[code] : null
  if (!found) throw new ToolError(`There is no reference rate for ${JSON.stringify(code)} on ${day}.`)
  return found
}

function rateBetween(from, to) {
  return Number((unitsOf(to)[0] / unitsOf(from)[0]).toPrecision(6))
}

const code = (role) => ({ type: 'string', description: `ISO 4217 code of the currency ${role}, e.g. USD` })

const tools = [
  {
    name: 'list_currencies',
    description: 'The currencies that have a reference rate.',
    inputSchema: input({}),
    run: () => ({ day, currencies: Object.keys(currencies) }),
  },
  {
    name: 'get_rate',
    description:
      'The reference rate between two currencies: how many units of the second one of the first is worth.',
    inputSchema: input({ from: code('to convert from'), to: code('to convert to') }),
    run: ({ from, to }) => ({ day, from, to, rate: rateBetween(from, to) }),
  },
  {
    name: 'convert',
    description:
      'Converts an amount at the reference rate, rounded to what the target currency can be paid in.',
    inputSchema: input({
      amount: { type: 'number', description: 'How much of the currency to convert from' },
      from: code('to convert from'),
      to: code('to convert to'),
    }),
    run: ({ amount, from, to }) => {
      const [units, decimals] = unitsOf(to)
      const exact = (amount / unitsOf(from)[0]) * units
      return { day, amount, from, to, rate: rateBetween(from, to), result: Number(exact.toFixed(decimals)) }
    },
  },
  {
    name: 'set_margin',
    description: 'Sets the margin in basis points that quotes to customers carry. Treasury only.',
    inputSchema: input({ basisPoints: { type: 'integer', description: 'Between 0 and 500' } }),
    run: ({ basisPoints }) => {
      if (basisPoints < 0 || basisPoints > 500) throw new ToolError('basisPoints must be between 0 and 500.')
      margin = basisPoints
      return { basisPoints: margin }
    },
  },
  {
    name: 'quote',
    description: 'The rate that a customer is offered: the reference rate less the margin.',
    inputSchema: input({ from: code('to convert from'), to: code('to convert to') }),
    run: ({ from, to }) => ({
      day,
      from,
      to,
      basisPoints: margin,
      rate: Number((rateBetween(from, to) * (1 - margin / 10_000)).toPrecision(6)),
    }),
  },
]

let margin = 35

log(`${Object.keys(currencies).length} reference rates of ${day}`)
serve(tools, 'Rates are reference rates of an example day; do not trade on them.')
