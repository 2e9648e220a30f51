import { describe, expect, it } from 'vitest'
import { answered, NotImportable, planOf } from './entry.ts'
import { looksSecret } from './secret.ts'

const around = {
  scriptAt: (script: string) => ({ folder: '/home/me/own', script: script.replace('own/', '') }),
}
const plan = (given: unknown) => planOf('My Server', given, around)

describe('planOf', () => {
  it.each([
    [
      ['-y', '@acme/tools@1.2.3', '--root', '/data'],
      { package: '@acme/tools', version: '1.2.3' },
      ['--root', '/data'],
    ],
    [['--yes', 'tools'], { package: 'tools', version: undefined }, []],
    [['-y', 'tools@latest'], { package: 'tools', version: undefined }, []],
    [['-y', '-p', 'tools@1.0.0', 'other', 'a'], { package: 'tools', version: '1.0.0', bin: 'other' }, ['a']],
  ])('takes npx %j as a package', (args, artifact, rest) => {
    expect(plan({ command: 'npx', args })).toMatchObject({ deployment: 'my-server', artifact, args: rest })
    expect(plan({ command: 'cmd', args: ['/c', 'npx', ...args] })).toMatchObject({ artifact, args: rest })
  })

  it('takes a script and a URL, and what mcp-remote leads to', () => {
    expect(plan({ command: 'node', args: ['own/server.js', '--fast'] })).toMatchObject({
      artifact: { kind: 'local', path: '/home/me/own', command: ['node', 'server.js'] },
      args: ['--fast'],
    })
    const remote = { kind: 'remote', url: 'https://mcp.example.com/mcp' }
    expect(plan({ url: remote.url, headers: { 'X-Team': 'blue' } })).toMatchObject({
      artifact: remote,
      headers: { 'X-Team': 'blue' },
      secrets: [],
    })
    const args = ['-y', 'mcp-remote', remote.url, '--header', 'Authorization:${AUTH}']
    expect(plan({ command: 'npx', args, env: { AUTH: 'Bearer abc' } })).toMatchObject({
      artifact: remote,
      secrets: [{ name: 'Authorization', in: 'header', value: 'Bearer abc' }],
    })
  })

  it('takes long options, and those that name a file, for what they are', () => {
    const args = ['tools', '--some-really-long-option-v2', '--token-file', '/run/token']
    expect(plan({ command: 'npx', args }).args).toEqual(args.slice(1))
  })

  it('divides the environment into secrets and plain values', () => {
    const { env, secrets } = plan({
      command: 'npx',
      args: ['tools'],
      env: { API_KEY: 'hunter2', REGION: 'eu', DB: 'postgres://a:b@h/d', PORT: 8080 },
    })
    expect(env).toEqual({ REGION: 'eu', PORT: '8080' })
    expect(secrets).toEqual([
      { name: 'API_KEY', in: 'env', workspaceName: 'MY_SERVER_API_KEY', value: 'hunter2', asks: [] },
      { name: 'DB', in: 'env', workspaceName: 'MY_SERVER_DB', value: 'postgres://a:b@h/d', asks: [] },
    ])
  })

  it('asks for what the file only refers to, as for a secret', () => {
    const given = {
      url: 'https://mcp.example.com/mcp',
      headers: { 'X-Team': 'Bearer ${input:a}, ${input:b}${input:a}' },
    }
    const { headers, secrets } = plan(given)
    expect(headers).toEqual({})
    expect(secrets).toMatchObject([{ name: 'X-Team', asks: ['${input:a}', '${input:b}'] }])
    expect(answered(secrets[0]!, { '${input:a}': '1', '${input:b}': '${input:a}' })).toBe(
      'Bearer 1, ${input:a}1',
    )
  })

  it('names an entry after what it is of, where its own name has no Latin letters', () => {
    const named = (given: object) => planOf('数据库', given, around).deployment
    expect(named({ command: 'npx', args: ['-y', '@acme/db-tools'] })).toBe('db-tools')
    expect(named({ url: 'https://mcp.example.com/v1' })).toBe('mcp-example-com')
  })

  it.each([
    [{ command: 'uvx', args: ['x'] }, /cannot run "uvx"/],
    [{ command: 'docker', args: ['run', 'x'] }, /cannot run "docker"/],
    [{ command: 'npx', args: ['-y', 'tools@^1.0.0'] }, /not an exact version/],
    [{ command: 'npx', args: ['-y', 'github:a/b'] }, /not a package/],
    [{ command: 'npx', args: ['-y'] }, /no package/],
    [{ command: 'npx', args: ['-c', 'x'] }, /option -c/],
    [{ command: 'npx', args: ['tools', '--api-key=hunter2'] }, /looks like a secret/],
    [{ command: 'npx', args: ['tools', '--token', 'hunter2'] }, /looks like a secret/],
    [{ command: 'npx', args: ['tools', '${input:a}'] }, /refers to \$\{input:a\}/],
    [{ command: 'npx', args: ['tools', '{name}'] }, /braces/],
    [{ command: 'node', args: ['--inspect', 'x.js'] }, /script first/],
    [{ url: 'http://mcp.example.com' }, /https/],
    [{ url: 'https://mcp.example.com/?api_key=hunter2' }, /holds a secret/],
    [{ url: 'https://mcp.example.com', type: 'sse' }, /SSE/],
    [{ url: 'nowhere' }, /not a URL/],
    [{ disabled: true, command: 'npx', args: ['tools'] }, /disabled/],
    [{}, /neither a command nor a url/],
    [null, /not an object/],
    [{ command: 'npx', args: 'tools' }, /list of texts/],
  ])('says why %j cannot be imported, without any secret', (given, reason) => {
    expect(() => plan(given)).toThrow(NotImportable)
    expect(() => plan(given)).toThrow(reason)
    expect(() => plan(given)).toThrow(/^(?!.*hunter2)/)
  })
})

describe('looksSecret', () => {
  it.each([
    ['GITHUB_TOKEN', 'x'],
    ['X', 'ghp_abc'],
    ['X', 'aB3dE5gH7jK9mN1pQ3sT5vW7'],
  ])('%s=%s', (name, value) => expect(looksSecret(name, value)).toBe(true))
  it.each([
    ['LOG_LEVEL', 'debug'],
    ['ROOT', '/home/ann/projects/2024-long-path-name'],
    ['AUTH_ENABLED', 'true'],
    ['BASE', 'https://example.com/api/v1/some/long/path'],
  ])('not %s=%s', (name, value) => expect(looksSecret(name, value)).toBe(false))
})
