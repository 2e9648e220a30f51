import { createHash } from 'node:crypto'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Finishes the built pages below a folder: wide tables can be scrolled with the keyboard, and an empty cell is no heading.
 * Returns their inline scripts, as a Content-Security-Policy names them.
 */
export function finishPages(folder: string): string[] {
  const scripts = new Set<string>()
  for (const name of globSync('**/*.html', { cwd: folder })) {
    const file = path.join(folder, name)
    const html = readFileSync(file, 'utf8')
      .replaceAll('<table>', '<table tabindex="0">')
      .replaceAll(/<th([^>]*)><\/th>/g, '<td$1></td>')
    writeFileSync(file, html)
    for (const script of inlineScriptsOf(html)) {
      scripts.add(`'sha256-${createHash('sha256').update(script).digest('base64')}'`)
    }
  }
  return [...scripts].sort()
}

function inlineScriptsOf(html: string): string[] {
  return [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([^]*?)<\/script>/g)].map((match) => match[1]!)
}
