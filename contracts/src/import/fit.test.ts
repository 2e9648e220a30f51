import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { releaseManifest, type Release, type ReleaseManifest } from '../catalog.ts'
import { planOf } from './entry.ts'
import { additionOf, fitOf } from './fit.ts'

const around = { scriptAt: (script: string) => ({ folder: '/own', script }) }
const plan = (given: unknown) => planOf('mine', given, around)

function release(manifest: Partial<ReleaseManifest>, more: Partial<Release> = {}): Release {
  const artifact = { kind: 'npm', package: 'tools', version: '1.2.3', integrity: '', bin: null } as const
  return { state: 'admitted', artifact, manifest: releaseManifest.parse(manifest), ...more } as Release
}

const schema = (properties: Record<string, unknown>, required: string[] = []) => ({
  type: 'object',
  properties,
  required,
})

describe('fitOf', () => {
  const files = release({
    args: ['--fast={fast}', '--port', '{port}', '{roots}'],
    env: { REGION: '{region}' },
    configSchema: schema(
      {
        fast: { type: 'boolean' },
        port: { type: 'integer' },
        roots: { type: 'array' },
        region: { type: 'string' },
      },
      ['port'],
    ),
  })

  it('finds the configuration with which a release runs the same', () => {
    const given = {
      command: 'npx',
      args: ['tools', '--fast=true', '--port', '80', '/a', '/b'],
      env: { REGION: 'eu' },
    }
    const config = { fast: true, port: 80, roots: ['/a', '/b'], region: 'eu' }
    expect(fitOf(files, plan(given), null)).toEqual({ config, secrets: [] })
    const less = { command: 'npx', args: ['tools', '--port', '80'] }
    expect(fitOf(files, plan(less), null)).toEqual({ config: { port: 80 }, secrets: [] })
  })

  it.each([
    ['an argument that it has no place for', { command: 'npx', args: ['tools', '80', '--port'] }, false],
    ['no such number', { command: 'npx', args: ['tools', '--port', 'eighty'] }, false],
    ['what is required left out', { command: 'npx', args: ['tools', '--port'] }, false],
    [
      'a variable that the release does not set',
      { command: 'npx', args: ['tools', '--port', '1'], env: { B: '1' } },
      false,
    ],
    ['another version', { command: 'npx', args: ['tools@1.0.0', '--port', '1'] }, false],
    ['its own version', { command: 'npx', args: ['tools@1.2.3', '--port', '1'] }, true],
    ['another package', { command: 'npx', args: ['other', '--port', '1'] }, false],
  ])('takes %s for what it is', (_, given, fits) => {
    expect(fitOf(files, plan(given), null) !== null).toBe(fits)
  })

  it('leads a secret to where the release takes it, and never into its configuration', () => {
    const given = { command: 'npx', args: ['tools'], env: { API_KEY: 'hunter2' } }
    const named = release({ secrets: [{ name: 'API_KEY', description: '', required: true, in: 'env' }] })
    expect(fitOf(named, plan(given), null)?.secrets).toMatchObject([
      { name: 'API_KEY', workspaceName: 'MINE_API_KEY', value: 'hunter2' },
    ])
    const open = release({ env: { API_KEY: '{key}' }, configSchema: schema({ key: { type: 'string' } }) })
    expect(fitOf(open, plan(given), null)).toBeNull()

    const artifact = { kind: 'remote', url: 'https://mcp.example.com/' } as const
    const header = { Authorization: 'Bearer {TOKEN}' }
    const secrets = [{ name: 'TOKEN', description: '', required: true, in: 'header' as const }]
    const remote = release({ headers: header, secrets }, { artifact })
    const entry = { url: 'https://mcp.example.com', headers: { Authorization: 'Bearer ${input:t}' } }
    expect(fitOf(remote, plan(entry), null)?.secrets).toMatchObject([
      { name: 'TOKEN', value: '${input:t}', asks: ['${input:t}'] },
    ])
    expect(fitOf(remote, plan({ url: entry.url }), null), 'without the secret it needs').toBeNull()
  })

  it('wants the network that was asked for, and releases that may be launched', () => {
    const one = plan({ command: 'npx', args: ['tools'] })
    const open = release({ egress: ['a.example', 'b.example'] })
    expect(fitOf(open, one, null)).not.toBeNull()
    expect(fitOf(open, one, ['b.example', 'a.example'])).not.toBeNull()
    expect(fitOf(open, one, [])).toBeNull()
    expect(fitOf(release({}, { state: 'yanked' }), one, null)).toBeNull()
  })

  it('what is added for an entry fits it, whatever the entry', () => {
    const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/)
    const word = fc.stringMatching(/^[a-z0-9/=.-]{1,9}$/)
    const env = fc.dictionary(name, fc.oneof(word, fc.constant('sk-1'), fc.constant('${input:a}')))
    fc.assert(
      fc.property(fc.array(word), env, (args, values) => {
        const one = plan({ command: 'npx', args: ['tools', '--', ...args], env: values })
        const { manifest } = additionOf(one, [])
        const { config, secrets } = fitOf(release(manifest as Partial<ReleaseManifest>), one, [])!
        const given = [...Object.entries(config), ...secrets.map((secret) => [secret.name, secret.value])]
        expect(Object.fromEntries(given)).toEqual(values)
      }),
    )
  })
})
