import { describe, expect, it } from 'vitest'
import { placeScript, readText } from './reading.ts'

describe('readText', () => {
  it.each([
    ['', 'mcp.json is empty.'],
    ['{"a": 1', 'mcp.json is not valid JSON: line 1: a comma is expected.'],
    ['[1]', 'mcp.json cannot be used: it has neither "mcpServers" nor "servers".'],
    [`"${'x'.repeat(1024 * 1024)}"`, 'mcp.json is larger than 1 MB'],
  ])('says what is wrong with %.20s', (text, fault) => {
    expect(readText('mcp.json', text)).toMatchObject({ fault: expect.stringContaining(fault) as string })
  })
})

describe('placeScript', () => {
  it.each([
    ['/srv/own/server.js', undefined, '', undefined, '/srv/own', 'server.js'],
    ['/srv/own/dist/server.js', undefined, '', undefined, '/srv/own', 'dist/server.js'],
    ['/srv/own/dist/server.js', undefined, '', '/srv/own/dist', '/srv/own/dist', 'server.js'],
    ['/srv/own/server.js', undefined, '', '/elsewhere', '/srv/own', 'server.js'],
    ['./server.js', '../b', '/srv/a', undefined, '/srv/b', 'server.js'],
    ['server.js', '/srv/b', '', undefined, '/srv/b', 'server.js'],
  ])('finds %s from %s in %s', (script, cwd, base, chosen, folder, rest) => {
    expect(placeScript(script, cwd, base, chosen)).toEqual({ folder, script: rest })
  })

  it.each([
    ['server.js', '', /is relative/],
    ['C:\\own\\server.js', '', /path of Windows/],
    ['/server.js', '', /no folder of its own/],
  ])('cannot place %s', (script, base, reason) => {
    expect(() => placeScript(script, undefined, base)).toThrow(reason)
  })
})
