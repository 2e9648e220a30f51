import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { treeOf } from '../../cli/src/completion/tree.ts'
import { createProgram } from '../../cli/src/program.ts'

/** The words of every command line in the tests that run commands, quotes and commas taken away. */
function wordsTyped(): string {
  const texts = ['.', '../product'].flatMap((folder) => {
    const at = path.join(import.meta.dirname, folder)
    const tests = readdirSync(at).filter((name) => name.endsWith('.test.ts'))
    return tests.map((name) => readFileSync(path.join(at, name), 'utf8'))
  })
  return texts
    .join(' ')
    .replace(/['`,([\])]/g, ' ')
    .replace(/\s+/g, ' ')
}

it('every command that mcpctl has is run against the real server by a test', () => {
  const words = wordsTyped()
  const commands = treeOf(createProgram()).filter((node) => node.commands.length === 0)
  const names = commands.map((node) => node.path.join(' '))
  expect(names.length).toBeGreaterThan(50)
  expect(names.filter((name) => !words.includes(` ${name} `))).toEqual([])
})
