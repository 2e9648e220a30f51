import type { InvoiceDocument } from './document.ts'

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character]!)

/** An invoice as a page that stands alone and prints well. */
export function invoiceHtml({ title, facts, lines, total, standing }: InvoiceDocument): string {
  const row = (cells: string[], tag: 'td' | 'th') =>
    `<tr>${cells.map((cell) => (tag === 'th' ? `<th scope="col">${cell}</th>` : `<td>${cell}</td>`)).join('')}</tr>`
  const body = lines.map((line) =>
    row(
      [
        `${escape(line.description)}${line.period ? `<br><small>${escape(line.period)}</small>` : ''}`,
        escape(line.quantity),
        escape(line.unit),
        escape(line.amount),
      ],
      'td',
    ),
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
<dl>${facts.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`).join('')}</dl>
<table>
<thead>${row(['Description', 'Quantity', 'Price', 'Amount'], 'th')}</thead>
<tbody>
${body.join('\n')}
</tbody>
<tfoot><tr><th scope="row" colspan="3">Total</th><td>${escape(total)}</td></tr></tfoot>
</table>
<p>${escape(standing)}</p>
</main>
</body>
</html>
`
}

const style = `
:root { color-scheme: light }
body { margin: 0; color: #16181d; background: #fff; font: 15px/1.5 system-ui, sans-serif }
main { max-width: 44rem; margin: 3rem auto; padding: 0 1.5rem }
h1 { font-size: 1.6rem; margin: 0 0 1.5rem }
dl { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; margin: 0 0 2rem }
dt { color: #5b6270; font-size: .85rem }
dd { margin: 0 }
table { width: 100%; border-collapse: collapse }
th, td { padding: .6rem 0 .6rem 1rem; text-align: right; vertical-align: top; font-variant-numeric: tabular-nums }
th:first-child, td:first-child { padding-left: 0; text-align: left; overflow-wrap: anywhere }
thead th { color: #5b6270; font-weight: 500; font-size: .85rem; border-bottom: 1px solid #d5d9e0 }
tbody tr { border-bottom: 1px solid #eceef2 }
small { color: #5b6270 }
tfoot th, tfoot td { font-weight: 600; padding-top: 1rem }
@media print { main { margin: 0 auto } }`
