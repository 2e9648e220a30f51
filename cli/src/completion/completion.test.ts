import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../program.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { treeOf } from './tree.ts'
import { zshScript } from './zsh.ts'

const nodes = treeOf(createProgram())
const has = (shell: string) => spawnSync(shell, ['--version']).status === 0

/** What bash offers for the words typed so far; the last one is being completed. */
function bashOffers(...words: string[]): string[] {
  const typed = ['mcpctl', ...words].map((word) => `'${word}'`).join(' ')
  const script = `${bashScript(nodes)}
COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _mcpctl; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.split('\n').filter(Boolean)
}

describe('the tree', () => {
  it('holds every noun and verb the program has', () => {
    const paths = nodes.map((node) => node.path.join(' '))
    for (const expected of [
      '',
      'login',
      'deployments launch',
      'orgs members add',
      'completion',
      'admin recover',
    ]) {
      expect(paths).toContain(expected)
    }
  })
})

describe('bash', () => {
  it('offers nouns, verbs, options and choices', () => {
    expect(bashOffers('dep')).toEqual(['deployments'])
    expect(bashOffers('deployments', 'st').sort()).toEqual(['start', 'stats', 'stop'])
    expect(bashOffers('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(bashOffers('tokens', 'create', '--sc')).toEqual(['--scope'])
    expect(bashOffers('tokens', 'create', '--scope', 'tools')).toEqual(['tools:call'])
    expect(bashOffers('orgs', 'members', 'a')).toEqual(['add'])
  })

  it('finds the verb behind global options, and offers those everywhere', () => {
    expect(bashOffers('--json', 'orgs', 'l')).toEqual(['list'])
    expect(bashOffers('orgs', 'list', '--js')).toEqual(['--json'])
    expect(bashOffers('--url', 'http://x', 'orgs', 'l')).toEqual(['list'])
  })
})

describe('every shell', () => {
  it.each([
    ['zsh', zshScript(nodes)],
    ['fish', fishScript(nodes)],
  ])('%s is offered every command and every option with its description', (_shell, script) => {
    for (const node of nodes) {
      for (const { name } of node.commands) expect(script).toContain(name)
      for (const { flags } of node.options) {
        for (const flag of flags) expect(script).toContain(flag.replace(/^-+/, ''))
      }
    }
  })

  it.each([
    ['bash', bashScript(nodes)],
    ['zsh', zshScript(nodes)],
    ['fish', fishScript(nodes)],
  ])('%s accepts the script, where that shell is installed', (shell, script) => {
    if (!has(shell)) return
    const { status, stderr } = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })
})
