import { describe, expect, test } from 'vitest'
import { releaseManifest, type Artifact, type ReleaseManifest } from '@berth/contracts'
import { defaultConfig, profileOf, validateConfig } from './config.ts'
import { checkManifest, fillManifest } from './manifest.ts'

type Given = Partial<ReleaseManifest>
const manifestOf = (given: Given) => releaseManifest.parse(given)
const schema = (properties: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  manifestOf({ configSchema: { type: 'object', properties, ...more } })

describe('a configuration', () => {
  const manifest = schema(
    {
      directories: { type: 'array', items: { type: 'string' }, default: ['/data'] },
      mode: { enum: ['read', 'write'], default: 'read' },
      port: { type: 'integer', minimum: 1 },
      site: { type: 'string', format: 'uri' },
      nested: { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false },
    },
    { required: ['port'] },
  )

  test('gets the defaults of the schema and leaves what was given untouched', () => {
    const given = { port: 1 }
    expect(validateConfig(manifest, given)).toEqual({ directories: ['/data'], mode: 'read', port: 1 })
    expect(given).toEqual({ port: 1 })
  })

  test.each([
    [{}, 'port: is required'],
    [{ port: '1' }, 'port: must be integer'],
    [{ port: 0 }, 'port: must be >= 1'],
    [{ port: 1, mode: 'append' }, 'mode: must be one of "read", "write"'],
    [{ port: 1, directories: [1] }, 'directories.0: must be string'],
    [{ port: 1, site: 'not a uri' }, 'site: must match format "uri"'],
    [{ port: 1, nested: { b: 1 } }, 'nested.b: is not a field of this configuration'],
    [
      { port: 1, dirs: [] },
      'dirs: is not a field of this configuration; the fields are directories, mode, port, site, nested',
    ],
  ])('%j is refused: %s', (config, sentence) => {
    expect(() => validateConfig(manifest, config)).toThrow(
      expect.objectContaining({ code: 'invalid_config', message: sentence }),
    )
  })

  test('names every field at fault', () => {
    expect(() => validateConfig(manifest, { mode: 1, extra: true })).toThrow(
      expect.objectContaining({
        extra: {
          errors: expect.arrayContaining([
            { path: 'config.port', message: 'is required' },
            { path: 'config.mode', message: 'must be one of "read", "write"' },
            { path: 'config.extra', message: expect.stringContaining('is not a field') },
          ]),
        },
      }),
    )
  })

  test('of a server without fields must be empty', () => {
    expect(validateConfig(manifestOf({}), {})).toEqual({})
    expect(() => validateConfig(manifestOf({}), { a: 1 })).toThrow('it has no fields')
  })

  test('may have further fields where the schema says so', () => {
    expect(validateConfig(schema({}, { additionalProperties: true }), { a: 1 })).toEqual({ a: 1 })
  })

  test('is the default profile when nothing differs from the defaults', () => {
    const optional = schema({ mode: { enum: ['read', 'write'], default: 'read' } })
    expect(profileOf(optional, validateConfig(optional, { mode: 'read' }))).toBe('default')
    const other = profileOf(optional, validateConfig(optional, { mode: 'write' }))
    expect(other).toMatch(/^[0-9a-f]{32}$/)
    expect(defaultConfig(optional)).toEqual({ mode: 'read' })
    expect(defaultConfig(manifest)).toBeNull()
  })

  test('schemas of draft-07 and 2020-12 mean what they say', () => {
    const tuple = { type: 'array', default: ['x'] }
    const old = manifestOf({
      configSchema: {
        $schema: 'http://json-schema.org/draft-07/schema#',
        type: 'object',
        properties: { pair: { ...tuple, items: [{ type: 'string' }] } },
      },
    })
    const now = schema({ pair: { ...tuple, prefixItems: [{ type: 'string' }] } })
    for (const one of [old, now]) {
      checkManifest(one, 'npm')
      expect(validateConfig(one, {})).toEqual({ pair: ['x'] })
      expect(() => validateConfig(one, { pair: [1] })).toThrow('pair.0: must be string')
    }
  })
})

describe('filling', () => {
  const fill = (given: Given, config: Record<string, unknown>, secrets: Record<string, string> = {}) =>
    fillManifest(manifestOf(given), config, secrets)

  test('puts values in their places, an argument for each item of an array', () => {
    const filled = fill(
      {
        args: ['stdio', '{directories}', '--allow={hosts}', '--port', '{port}', '--debug={debug}'],
        env: { HOME_DIR: '{home}/x', LIST: '{hosts}', JSON: '{object}' },
      },
      {
        directories: ['/a b', '/c'],
        hosts: ['h1', 'h2'],
        port: 7,
        debug: true,
        home: '/data',
        object: { a: 1 },
      },
    )
    expect(filled).toEqual({
      args: ['stdio', '/a b', '/c', '--allow=h1', '--allow=h2', '--port', '7', '--debug=true'],
      env: { HOME_DIR: '/data/x', LIST: 'h1,h2', JSON: '{"a":1}' },
      headers: {},
    })
  })

  test('leaves out what names an absent field', () => {
    expect(fill({ args: ['{a}', '--b={b}', 'c'], env: { A: '{a}' }, headers: { 'x-a': '{a}' } }, {})).toEqual(
      {
        args: ['c'],
        env: {},
        headers: {},
      },
    )
    expect(fill({ args: ['{none}'] }, { none: [] }).args).toEqual([])
  })

  test('never reads a value as a template', () => {
    expect(fill({ args: ['{a}'] }, { a: '{b}', b: 'no' }).args).toEqual(['{b}'])
    expect(fill({ args: ['{a}'] }, { a: '$& $1' }).args).toEqual(['$& $1'])
  })

  test('hands secrets over in the environment, as headers, or where a template names them', () => {
    const secret = (name: string, where: 'env' | 'header', required = true) => ({
      name,
      in: where,
      required,
      description: '',
    })
    expect(
      fill({ secrets: [secret('API_KEY', 'env'), secret('B', 'env', false)] }, {}, { API_KEY: 'k' }),
    ).toEqual({
      args: [],
      env: { API_KEY: 'k' },
      headers: {},
    })
    expect(
      fill(
        {
          headers: { Authorization: 'Bearer {token}' },
          secrets: [secret('token', 'header'), secret('X-Key', 'header')],
        },
        {},
        { token: 't', 'X-Key': 'x' },
      ).headers,
    ).toEqual({ Authorization: 'Bearer t', 'X-Key': 'x' })
    expect(() => fill({ secrets: [secret('A', 'env'), secret('B', 'env')] }, {}, { B: 'b' })).toThrow(
      'The server needs the secret A; name for each a secret of the workspace.',
    )
  })

  test.each([
    [{ headers: { 'x-a': '{a}' } }, 'a\r\nevil: 1', 'The header "x-a" would hold characters'],
    [{ args: ['{a}'] }, 'a\0b', 'NUL character'],
    [{ env: { A: '{a}' } }, 'a\0b', 'NUL character'],
  ])('refuses a value that cannot stand in its place', (given: Given, a, sentence) => {
    expect(() => fill(given, { a })).toThrow(expect.objectContaining({ code: 'invalid_config' }))
    expect(() => fill(given, { a })).toThrow(sentence)
  })
})

describe('a manifest is refused', () => {
  const secret = (name: string, where: 'env' | 'header') => ({
    name,
    in: where,
    required: true,
    description: '',
  })
  test.each<[string, Artifact['kind'], Given]>([
    [
      'manifest.configSchema: it is not a usable JSON Schema: its "type" must be "object"',
      'npm',
      { configSchema: {} },
    ],
    [
      'manifest.configSchema: it is not a usable JSON Schema: schema is invalid',
      'npm',
      { configSchema: { type: 'object', properties: { a: { type: 'text' } } } },
    ],
    ['unknown keyword: "propertes"', 'npm', { configSchema: { type: 'object', propertes: {} } }],
    [
      "can't resolve reference",
      'npm',
      { configSchema: { type: 'object', properties: { a: { $ref: 'https://example.com/x.json' } } } },
    ],
    ['unknown format "nope"', 'npm', schema({ a: { type: 'string', format: 'nope' } })],
    ['Invalid regular expression', 'npm', schema({ a: { type: 'string', pattern: '(' } })],
    [
      '{dir} names no field of the configuration; its fields are dirs',
      'npm',
      { ...schema({ dirs: {} }), args: ['{dir}'] },
    ],
    ['{x} names no field of the configuration; it has none', 'npm', { env: { A: '{x}' } }],
    ['use env', 'npm', { args: ['{K}'], secrets: [secret('K', 'env')] }],
    ['a npm server takes its secrets from the environment', 'npm', { secrets: [secret('K', 'header')] }],
    ['a remote server takes its secrets as headers', 'remote', { secrets: [secret('K', 'env')] }],
    ['there are two secrets "K"', 'npm', { secrets: [secret('K', 'env'), secret('K', 'env')] }],
    [
      '"k" is a field of the configuration too',
      'npm',
      { ...schema({ k: {} }), secrets: [secret('k', 'env')] },
    ],
    ['"A-B" is not a name for an environment variable', 'npm', { secrets: [secret('A-B', 'env')] }],
    ['a remote server takes no arguments', 'remote', { args: ['x'] }],
    ['a remote server has no environment', 'remote', { env: { A: 'x' } }],
    ['a remote server runs elsewhere', 'remote', { egress: ['example.com'] }],
    ['only a remote server is sent headers', 'local', { headers: { a: 'b' } }],
    ['the header "Mcp-Session-Id" is set by Berth itself', 'remote', { headers: { 'Mcp-Session-Id': 'b' } }],
    ['"a b" is not a name for a header', 'remote', { headers: { 'a b': 'b' } }],
    ['characters that no header may have', 'remote', { headers: { a: 'b\nc' } }],
  ])('%s', (sentence, kind, given) => {
    const check = () => checkManifest(manifestOf(given), kind)
    expect(check).toThrow(sentence)
    expect(check).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })

  test.each<[Artifact['kind'], Given]>([
    ['npm', {}],
    ['local', { ...schema({ dirs: {} }), args: ['{dirs}'], secrets: [secret('K', 'env')] }],
    ['remote', { headers: { A: 'Bearer {t}' }, secrets: [secret('t', 'header')] }],
  ])('unless it fits: %s', (kind, given) => {
    expect(() => checkManifest(manifestOf(given), kind)).not.toThrow()
  })
})
