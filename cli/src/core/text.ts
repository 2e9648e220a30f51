/**
 * Control characters (C0, DEL, C1), line and paragraph separators, and the marks that reorder or hide text.
 * Servers' texts may carry them to drive a terminal or to show something other than what is there.
 */
const unsafe =
  /[\p{Cc}\p{Zl}\p{Zp}\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu
const short: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Makes a text from elsewhere inert on a terminal, on one line: unsafe characters become visible escapes. */
export function escapeText(text: string): string {
  return text.replace(unsafe, (found) => short[found] ?? codeOf(found))
}

/** Like escapeText, but line breaks and tabs stay: for log lines, tool answers and other prose. */
export function escapeLines(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(unsafe, (found) => {
    return found === '\n' || found === '\t' ? found : (short[found] ?? codeOf(found))
  })
}

function codeOf(character: string): string {
  const code = character.codePointAt(0)!.toString(16)
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`
}

/** How many terminal columns a text takes; wide East Asian characters and most emoji take two. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) {
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) continue
    width += isWide(character.codePointAt(0)!) ? 2 : 1
  }
  return width
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  )
}

/** Cuts a text to so many columns, with an ellipsis where something is missing. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ''
  let width = 0
  for (const character of text) {
    width += widthOf(character)
    if (width > columns - 1) break
    kept += character
  }
  return `${kept}…`
}

/** Any value as a text: texts as they are, nothing as the empty text, all else as JSON. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
