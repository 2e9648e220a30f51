import type { Letter } from './letters.ts'

export interface Rendered {
  text: string
  html: string
}

/** A letter as plain text and as HTML without images, scripts or anything from elsewhere. */
export function render(letter: Letter): Rendered {
  return { text: textOf(letter), html: htmlOf(letter) }
}

function textOf({ greeting, paragraphs, action, after = [] }: Letter): string {
  const blocks = [greeting, ...paragraphs, ...(action ? [action.url] : []), ...after, signature]
  return `${blocks.join('\n\n')}\n`
}

const signature = 'Berth'

function htmlOf({ greeting, paragraphs, action, after = [] }: Letter): string {
  const paragraph = (text: string, style = '') =>
    `<p style="margin:0 0 16px;${style}">${escapeHtml(text)}</p>`
  const button =
    action &&
    `<p style="margin:24px 0"><a href="${escapeHtml(action.url)}" style="${buttonStyle}">${escapeHtml(action.label)}</a></p>` +
      `<p style="margin:0 0 16px;font-size:13px;word-break:break-all">${escapeHtml(action.url)}</p>`
  const small = after.map((text) => paragraph(text, 'font-size:13px;color:#57606a'))
  const inner = [paragraph(greeting), ...paragraphs.map((text) => paragraph(text)), button ?? '', ...small]
  return `<!doctype html><html lang="en"><meta charset="utf-8"><body style="${bodyStyle}">${inner.join('')}${paragraph(signature)}</body></html>`
}

const bodyStyle =
  'margin:0;padding:24px;max-width:560px;font:15px/1.5 system-ui,-apple-system,Segoe UI,sans-serif;color:#1f2328'
const buttonStyle =
  'display:inline-block;padding:10px 16px;border-radius:6px;background:#1f2328;color:#ffffff;text-decoration:none'

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
