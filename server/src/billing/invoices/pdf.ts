// oxlint-disable-next-line import/no-named-as-default -- its types know the default export only
import PDFDocument from 'pdfkit'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { create, type Font } from 'fontkit'
import type { InvoiceDocument } from './document.ts'

const margin = 56
const ink = '#16181d'
const soft = '#5b6270'
/** Where each column ends, from the left margin; all but the first are aligned right. */
const columns = [0, 300, 380, 483] as const

const require = createRequire(import.meta.url)
/** The fonts travel along: those that every reader has know western letters only. Only what is used is embedded. */
const fonts = {
  normal: readFileSync(require.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf')),
  bold: readFileSync(require.resolve('@expo-google-fonts/inter/700Bold/Inter_700Bold.ttf')),
}
const inter = create(fonts.normal) as Font
const known = (character: string) => inter.hasGlyphForCodePoint(character.codePointAt(0)!)

/** An invoice as PDF, on A4. */
export function invoicePdf({
  title,
  facts,
  lines,
  total,
  standing,
}: InvoiceDocument): AsyncIterable<Uint8Array> {
  const pdf = new PDFDocument({ size: 'A4', margin, info: { Title: plain(title) }, lang: 'en' })
  pdf.registerFont('normal', fonts.normal).registerFont('bold', fonts.bold)
  const bottom = pdf.page.height - margin - 40
  const at = (column: 1 | 2 | 3, text: string, y: number) =>
    pdf.text(plain(text), margin + columns[column] - 110, y, { width: 110, align: 'right', lineBreak: false })
  const rule = (y: number) =>
    pdf
      .moveTo(margin, y)
      .lineTo(margin + columns[3], y)
      .lineWidth(0.5)
      .strokeColor('#d5d9e0')
      .stroke()

  pdf.font('bold').fontSize(18).fillColor(ink).text(plain(title))
  pdf.moveDown(0.8).fontSize(10)
  for (const [name, value] of facts) {
    const { y } = pdf
    pdf.font('normal').fillColor(soft).text(plain(name), margin, y, { width: 70 })
    pdf.fillColor(ink).text(plain(value), margin + 70, y, { width: columns[3] - 70 })
  }

  let y = pdf.y + 24
  const head = () => {
    pdf.font('normal').fontSize(9).fillColor(soft)
    pdf.text('Description', margin, y, { lineBreak: false })
    for (const [column, text] of [
      [1, 'Quantity'],
      [2, 'Price'],
      [3, 'Amount'],
    ] as const)
      at(column, text, y)
    rule(y + 16)
    y += 24
  }
  head()
  for (const line of lines) {
    if (y > bottom) {
      pdf.addPage()
      y = margin
      head()
    }
    pdf.font('normal').fontSize(10).fillColor(ink)
    at(1, line.quantity, y)
    at(2, line.unit, y)
    at(3, line.amount, y)
    pdf.text(plain(line.description), margin, y, { width: 190 })
    if (line.period) pdf.fontSize(9).fillColor(soft).text(plain(line.period), margin, pdf.y, { width: 220 })
    y = pdf.y + 8
  }
  rule(y)
  pdf.font('bold').fontSize(11).fillColor(ink)
  pdf.text('Total', margin, y + 10, { lineBreak: false })
  at(3, total, y + 10)
  pdf
    .font('normal')
    .fontSize(10)
    .text(plain(standing), margin, y + 40, { width: columns[3] })
  pdf.end()
  return pdf
}

/** Inter has the letters of Latin, Greek and Cyrillic; of others what it has of them stands without its marks, or a question mark. */
function plain(text: string): string {
  return text
    .normalize('NFC')
    .replace(/./gsu, (one) => (known(one) ? one : one.normalize('NFKD').replace(/\p{M}/gu, '')))
    .replace(/./gsu, (one) => (known(one) ? one : '?'))
}
