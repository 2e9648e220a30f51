import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Credentials, credentialsPath } from './credentials.ts'
import { RefusedError } from './errors.ts'

const folders: string[] = []

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpctl-'))
  folders.push(folder)
  return credentialsPath({ XDG_CONFIG_HOME: folder })
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe('credentials', () => {
  it('are readable by their owner only, and leave no draft behind', () => {
    const path = newPath()
    new Credentials(path).signIn('http://a', { token: 'secret' })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    expect(readdirSync(dirname(path))).toEqual(['credentials.json'])
  })

  it('are kept by URL; the last sign-in is the current one until it is forgotten', () => {
    const path = newPath()
    const credentials = new Credentials(path)
    expect(credentials.currentUrl()).toBeUndefined()
    credentials.signIn('http://a', { token: 'ta' })
    credentials.signIn('http://b', { token: 'tb' })
    credentials.update('http://a', { organizationId: 'org_1' })
    const again = new Credentials(path)
    expect(again.currentUrl()).toBe('http://b')
    expect(again.of('http://a')).toEqual({ token: 'ta', organizationId: 'org_1' })
    again.forget('http://b')
    expect(again.currentUrl()).toBeUndefined()
    expect(again.of('http://b')).toEqual({})
    expect(again.of('http://a').token).toBe('ta')
  })

  it.each(['', 'nonsense', '[]', '{}', '{"installations":{"a":3}}', '{"installations":{"a":{"token":3}}}'])(
    'that are broken (%s) are refused with a sentence and not overwritten',
    (content) => {
      const path = newPath()
      new Credentials(path).signIn('http://a', { token: 't' })
      writeFileSync(path, content)
      expect(() => new Credentials(path).of('http://a')).toThrow(RefusedError)
      expect(() => new Credentials(path).signIn('http://a', {})).toThrow(/not a file that mcpctl wrote/)
    },
  )
})
