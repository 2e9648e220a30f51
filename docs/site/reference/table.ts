/** A table of Markdown. Cells are Markdown on one line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ')
}

/** Text as code. */
export function code(text: string): string {
  return `\`${text}\``
}

/** Plain text as Markdown: what would be an element of HTML is none. */
export function plain(text: string): string {
  return text.replaceAll('<', '&lt;')
}
