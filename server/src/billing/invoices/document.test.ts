import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { InvoiceDocument } from './document.ts'
import { invoiceHtml } from './html.ts'
import { invoicePdf } from './pdf.ts'

const invoice: InvoiceDocument = {
  title: 'Invoice 000001',
  facts: [['For', `<script>alert("1 & 'two'")</script>`]],
  lines: Array.from({ length: 60 }, (_, index) => ({
    description: `Line ${index} <b>`,
    period: '2026-01-01 to 2026-02-01',
    quantity: '1',
    unit: '€49.00',
    amount: '€49.00',
  })),
  total: '€2,940.00',
  standing: 'To be paid by 2026-02-14.',
}

test('nothing of an invoice becomes markup of its page', () => {
  const html = invoiceHtml(invoice)
  expect(html).not.toMatch(/<script|<b>/)
  expect(html).toContain('&lt;script&gt;alert(&quot;1 &amp; &#39;two&#39;&quot;)&lt;/script&gt;')
  expect(html).toContain('€2,940.00')
})

/** The characters that a PDF shows, as its maps from glyphs to Unicode say. */
function lettersOf(pdf: Buffer): string {
  const streams = [...pdf.toString('latin1').matchAll(/stream\r?\n([^]*?)endstream/g)].map((match) => {
    const bytes = Buffer.from(match[1]!, 'latin1')
    try {
      return inflateSync(bytes).toString('latin1')
    } catch {
      return ''
    }
  })
  const codes = streams
    .filter((text) => text.includes('beginbfrange'))
    .flatMap((text) => [...text.matchAll(/(?<=[[ ])<([0-9a-f]{4})>(?=[ \]])/g)])
  return codes.map((match) => String.fromCodePoint(Number.parseInt(match[1]!, 16))).join('')
}

test('a PDF has the letters of Latin, Greek and Cyrillic, and a question mark for what it has none of', async () => {
  const chunks: Buffer[] = []
  for await (const chunk of invoicePdf({ ...invoice, facts: [['For', 'Żółć Ελλάς Україна 株']], lines: [] }))
    chunks.push(chunk as Buffer)
  const letters = lettersOf(Buffer.concat(chunks))
  for (const letter of 'ŻółćΕλάςУкраїна€?') expect([letter, letters.includes(letter)]).toEqual([letter, true])
  expect(letters).not.toContain('株')
})

test('as PDF it is a document that goes on to further pages, whatever it is written in', async () => {
  const chunks: Buffer[] = []
  for await (const chunk of invoicePdf({ ...invoice, facts: [['For', 'Żółć 株式会社 🙂']] }))
    chunks.push(chunk as Buffer)
  const pdf = Buffer.concat(chunks).toString('latin1')
  expect(pdf.startsWith('%PDF-')).toBe(true)
  expect(pdf.trimEnd().endsWith('%%EOF')).toBe(true)
  expect(pdf.match(/\/Type \/Page\b(?!s)/g)!.length).toBeGreaterThan(1)
})
