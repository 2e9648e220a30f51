import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The inline scripts of all pages below a folder, as a Content-Security-Policy names them. */
export function allowedScripts(folder: string): string[] {
  const found = new Set<string>()
  for (const file of globSync('**/*.html', { cwd: folder })) {
    for (const script of inlineScriptsOf(readFileSync(path.join(folder, file), 'utf8'))) {
      found.add(`'sha256-${createHash('sha256').update(script).digest('base64')}'`)
    }
  }
  return [...found].sort()
}

function inlineScriptsOf(html: string): string[] {
  return [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([^]*?)<\/script>/g)].map((match) => match[1]!)
}
