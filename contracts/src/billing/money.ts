const formatOf = (currency: string) => new Intl.NumberFormat('en', { style: 'currency', currency })

/** Minor units as people read them: `4900` EUR is `€49.00`; exact however large. */
export function formatMoney(minorUnits: string, currency: string): string {
  const format = formatOf(currency)
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  const negative = minorUnits.startsWith('-')
  const plain = minorUnits.replace('-', '').padStart(digits + 1, '0')
  const whole = plain.slice(0, plain.length - digits)
  const exact = digits === 0 ? whole : `${whole}.${plain.slice(-digits)}`
  return format.format(`${negative ? '-' : ''}${exact}` as Intl.StringNumericLiteral)
}
