import { describe, expect, it } from 'vitest'
import { JsonFault } from '../jsonc.ts'
import { NoServers, outlooksOf, readClientFile } from './file.ts'

const around = () => ({ scriptAt: (script: string) => ({ folder: '/own', script }) })

describe('readClientFile', () => {
  it.each([
    ['Claude Desktop, Cursor, Windsurf', '{"mcpServers": {"a": {}}}'],
    ["VS Code's mcp.json", '{"servers": {"a": {}}, "inputs": []}'],
    ["VS Code's settings.json", '{// mine\n"editor.x": 1, "mcp": {"servers": {"a": {}},},}'],
  ])('reads the file of %s', (_, text) => expect(Object.keys(readClientFile(text).servers)).toEqual(['a']))

  it('reads what the inputs are said to be', () => {
    const text = '{"servers": {}, "inputs": [{"id": "t", "description": "A token"}, {"id": 1}, null]}'
    expect(readClientFile(text).inputs).toEqual({ t: 'A token' })
  })

  it.each(['[]', 'null', '{}', '{"servers": []}', '{"mcp": {"servers": "x"}}'])('refuses %s', (text) =>
    expect(() => readClientFile(text)).toThrow(NoServers),
  )

  it('names the line where it is not JSON', () => {
    expect(() => readClientFile('{"servers":\n {,}}')).toThrow(JsonFault)
    expect(() => readClientFile('{"servers":\n {,}}')).toThrow(/line 2/)
  })
})

describe('outlooksOf', () => {
  it('plans each entry, and tells apart those that would get the same name', () => {
    const servers = { 'My one': { url: 'https://a.example' }, 'my-one': { url: 'https://b.example' }, x: {} }
    expect(outlooksOf({ servers, inputs: {} }, around)).toMatchObject([
      { entry: 'My one', plan: { deployment: 'my-one' } },
      { entry: 'my-one', reason: '"My one" would get the same name, my-one.' },
      { entry: 'x', reason: expect.stringContaining('neither') as string },
    ])
  })
})
