const formatOf = (currency: string) => new Intl.NumberFormat('en', { style: 'currency', currency })

/** How many decimals the minor units of a currency are: 2 of EUR, none of JPY. */
export const minorDigits = (currency: string): number =>
  formatOf(currency).resolvedOptions().maximumFractionDigits ?? 2

/** Minor units as people read them: `4900` EUR is `€49.00`; exact however large. */
export function formatMoney(minorUnits: string, currency: string): string {
  const format = formatOf(currency)
  const digits = minorDigits(currency)
  const negative = minorUnits.startsWith('-')
  const plain = minorUnits.replace('-', '').padStart(digits + 1, '0')
  const whole = plain.slice(0, plain.length - digits)
  const exact = digits === 0 ? whole : `${whole}.${plain.slice(-digits)}`
  return format.format(`${negative ? '-' : ''}${exact}` as Intl.StringNumericLiteral)
}
