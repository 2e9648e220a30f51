import { describe, expect, it } from 'vitest'
import { artifactFrom, packageAndVersion } from '../catalog/add.ts'
import { serverAndVersion } from '../deployments/launch.ts'
import { shapeOf } from '../deployments/shape.ts'
import { toolToCall } from '../quickstart/call.ts'
import { jsonObject, pairs, positiveNumber, wholeNumber } from './command.ts'
import { normalUrl } from './context.ts'
import { UsageError } from './errors.ts'
import { readPages } from './pages.ts'

describe('what is typed', () => {
  it('a URL is checked and brought to one form', () => {
    expect(normalUrl('http://127.0.0.1:7070/')).toBe('http://127.0.0.1:7070')
    expect(normalUrl('HTTPS://Berth.example.com/base/')).toBe('https://berth.example.com/base')
    for (const bad of ['', 'berth', 'ftp://x', 'http://user:pw@x', 'javascript:alert(1)']) {
      expect(() => normalUrl(bad), bad).toThrow(UsageError)
    }
  })

  it('numbers keep their bounds', () => {
    expect(wholeNumber(1, 10)('7')).toBe(7)
    for (const bad of ['0', '11', '1.5', '-1', 'x', '', '1e1'])
      expect(() => wholeNumber(1, 10)(bad), bad).toThrow('a whole number from 1 to 10')
    expect(positiveNumber('0.5')).toBe(0.5)
    for (const bad of ['0', '-1', 'x', '', ' ', 'Infinity'])
      expect(() => positiveNumber(bad), bad).toThrow('positive')
  })

  it('name=value keeps what stands after the first =', () => {
    expect(pairs(['a=b=c', 'd='], '--config')).toEqual({ a: 'b=c', d: '' })
    for (const bad of ['a', '=b', '']) expect(() => pairs([bad], '--config'), bad).toThrow(UsageError)
  })

  it('JSON must be an object', () => {
    expect(jsonObject('{"a":1}', 'It')).toEqual({ a: 1 })
    for (const bad of ['', '[]', '1', 'null', '{'])
      expect(() => jsonObject(bad, 'It'), bad).toThrow(UsageError)
  })

  it.each([
    ['pkg', { name: 'pkg', version: undefined }],
    ['pkg@1.2.3', { name: 'pkg', version: '1.2.3' }],
    ['@a/b', { name: '@a/b', version: undefined }],
    ['@a/b@1.0.0-rc.1', { name: '@a/b', version: '1.0.0-rc.1' }],
  ])('the package %s is split', (given, expected) => expect(packageAndVersion(given)).toEqual(expected))

  it('a server may carry a version', () => {
    expect(serverAndVersion('reference/everything')).toEqual({
      server: 'reference/everything',
      version: undefined,
    })
    expect(serverAndVersion('a/b@1.0.0')).toEqual({ server: 'a/b', version: '1.0.0' })
    for (const bad of ['everything', 'a/b@', 'a/b@1@2', ''])
      expect(() => serverAndVersion(bad), bad).toThrow(UsageError)
  })

  it('an artifact is a package with arguments, a URL, or a folder with a command', () => {
    expect(artifactFrom({}, ['p@1.0.0', '/data'])).toEqual({
      artifact: { kind: 'npm', package: 'p', version: '1.0.0', integrity: undefined, bin: undefined },
      args: ['/data'],
    })
    expect(artifactFrom({ remote: 'https://x/mcp' }, []).artifact).toEqual({
      kind: 'remote',
      url: 'https://x/mcp',
    })
    const local = artifactFrom({ local: './x' }, ['node', 'server.js']).artifact
    expect(local).toEqual({ kind: 'local', path: `${process.cwd()}/x`, command: ['node', 'server.js'] })
    const bad: Parameters<typeof artifactFrom>[] = [
      [{}, []],
      [{ remote: 'https://x', local: '.' }, ['x']],
      [{ remote: 'https://x' }, ['x']],
      [{ local: '.' }, []],
      [{}, ['p@']],
    ]
    for (const [options, operands] of bad) expect(() => artifactFrom(options, operands)).toThrow(UsageError)
  })

  it('a configuration value is JSON where it is JSON', () => {
    expect(
      shapeOf({ config: ['n=1', 's=text', 'b=true', 'l=[1]', 'q="1"'], secret: ['KEY', 'A=b'] }),
    ).toEqual({
      config: { n: 1, s: 'text', b: true, l: [1], q: '1' },
      secrets: { KEY: 'KEY', A: 'b' },
      limits: undefined,
    })
    expect(shapeOf({})).toEqual({ config: undefined, secrets: undefined, limits: undefined })
    expect(() => shapeOf({ configFile: '/does/not/exist' })).toThrow(UsageError)
  })
})

describe('pages', () => {
  const numbers = Array.from({ length: 450 }, (_, index) => index)
  const fetchPage = async ({ cursor, limit }: { cursor?: string; limit: number }) => {
    const from = Number(cursor ?? 0)
    const next = from + limit
    return { items: numbers.slice(from, next), nextCursor: next < numbers.length ? String(next) : null }
  }

  it('are read until enough is there, never more', async () => {
    expect(await readPages({ limit: 250 }, fetchPage)).toEqual({
      items: numbers.slice(0, 250),
      nextCursor: '250',
    })
    expect((await readPages({ limit: 1, all: true }, fetchPage)).items).toEqual(numbers)
    expect((await readPages({ limit: 10, cursor: '445' }, fetchPage)).items).toEqual(numbers.slice(445))
  })
})

describe('the tool that quickstart calls', () => {
  it('is echo, else one without required arguments, else none', () => {
    const needy = { name: 'needy', inputSchema: { required: ['x'] } }
    expect(toolToCall([needy, { name: 'free', inputSchema: {} }, { name: 'echo' }]).name).toBe('echo')
    expect(toolToCall([needy, { name: 'free', inputSchema: {} }]).name).toBe('free')
    expect(() => toolToCall([needy])).toThrow(/without arguments/)
  })
})
