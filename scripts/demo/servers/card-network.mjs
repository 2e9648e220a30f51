// Checks of card numbers against a routing table. On the live network it does not start without a member id.
import { about, input, log, serve, ToolError } from './mcp.mjs'

const environment = process.env.CARD_NETWORK_ENVIRONMENT ?? 'simulator'
const memberId = process.env.CARD_NETWORK_MEMBER_ID

/** First digits, scheme, how many digits. */
const ranges = [
  ['34', 'American Express', [15]],
  ['37', 'American Express', [15]],
  ['4', 'Visa', [13, 16, 19]],
  ['51', 'Mastercard', [16]],
  ['52', 'Mastercard', [16]],
  ['53', 'Mastercard', [16]],
  ['54', 'Mastercard', [16]],
  ['55', 'Mastercard', [16]],
  ['62', 'UnionPay', [16, 17, 18, 19]],
]

log(`card-network ${about.version}, environment ${environment}, ${ranges.length} ranges in the routing table`)
if (environment === 'live' && !memberId) {
  log('CARD_NETWORK_MEMBER_ID is not set, and the live network admits no one without it.')
  log('Set the secret CARD_NETWORK_MEMBER_ID for this deployment, or run it with environment "simulator".')
  process.exit(78)
}

/** Whether the digits satisfy the Luhn formula, from the right doubling every second one. */
function luhn(number) {
  const sum = [...number].toReversed().reduce((so, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2)
    return so + (value > 9 ? value - 9 : value)
  }, 0)
  return sum % 10 === 0
}

serve([
  {
    name: 'route_card',
    description: 'The scheme a card number belongs to, and whether the number can exist.',
    inputSchema: input({ number: { type: 'string', description: 'The digits of the card number' } }),
    run: ({ number }) => {
      const digits = number.replaceAll(' ', '')
      if (!/^\d+$/.test(digits)) throw new ToolError('number must consist of digits.')
      const range = ranges.find(([first]) => digits.startsWith(first))
      const fits = range?.[2].includes(digits.length) ?? false
      return { environment, scheme: range?.[1] ?? null, valid: fits && luhn(digits) }
    },
  },
])
