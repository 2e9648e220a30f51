import { addServerBody } from '@berth/contracts'
import { expect, test } from 'vitest'
import { bodyOf, emptyForm, faultAt, formFaults, wordsOf } from './addForm.ts'

test('what is left empty is left out, so that the server derives it', () => {
  const { body, faults } = bodyOf({ ...emptyForm, package: ' @scope/name ' })
  expect(faults).toEqual({})
  expect(body).toEqual({ manifest: {}, artifact: { kind: 'npm', package: '@scope/name' } })
})

test('every part of a manifest can be said, and is what the API takes', () => {
  const { body, faults } = bodyOf({
    ...emptyForm,
    kind: 'local',
    path: '/srv/weather',
    command: 'node "my server.js" --quiet',
    args: '--city\n{city}\n',
    egress: 'api.example.com, other.example:8443',
    title: 'Weather',
    env: [
      { name: 'UNITS', value: 'metric' },
      { name: '', value: '' },
    ],
    secrets: [{ name: 'API_KEY', description: 'From your account', required: true }],
    configSchema: '{"type":"object","properties":{"city":{"type":"string"}}}',
    isolation: 'session',
  })
  expect(faults).toEqual({})
  expect(addServerBody.parse(body).manifest).toMatchObject({
    title: 'Weather',
    args: ['--city', '{city}'],
    egress: ['api.example.com', 'other.example:8443'],
    env: { UNITS: 'metric' },
    secrets: [{ name: 'API_KEY', description: 'From your account', required: true, in: 'env' }],
    configSchema: { type: 'object', properties: { city: { type: 'string' } } },
    isolation: 'session',
  })
  expect(body.artifact).toMatchObject({ command: ['node', 'my server.js', '--quiet'] })
})

test('a remote server has headers and secrets in headers, and nothing that a process would have', () => {
  const { body } = bodyOf({
    ...emptyForm,
    kind: 'remote',
    url: 'https://mcp.example',
    args: 'left over from another kind',
    env: [{ name: 'LEFT', value: 'over' }],
    headers: [{ name: 'X-Team', value: 'a' }],
    secrets: [{ name: 'Authorization', description: '', required: false }],
  })
  expect(body.manifest).toEqual({
    headers: { 'X-Team': 'a' },
    secrets: [{ name: 'Authorization', description: '', required: false, in: 'header' }],
  })
})

test('each fault stands at its own field, whoever finds it', () => {
  const { faults } = bodyOf({
    ...emptyForm,
    kind: 'local',
    command: 'node "open',
    env: [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
    ],
    secrets: [{ name: '', description: '', required: true }],
    configSchema: '[]',
  })
  expect(Object.keys(faults).toSorted()).toEqual(['command', 'configSchema', 'env', 'path', 'secrets.0'])
  const theirs = formFaults({
    'manifest.egress.1': 'must be a host',
    'artifact.local.path': 'must be absolute',
  })
  expect([faultAt(theirs, 'egress'), faultAt(theirs, 'path')]).toEqual(['must be a host', 'must be absolute'])
})

test('a command line is split like people mean it', () => {
  expect(wordsOf('  node a.js  --x=1 ')).toEqual(['node', 'a.js', '--x=1'])
  expect(wordsOf(`run 'a b'"c d" ''`)).toEqual(['run', 'a bc d', ''])
  expect(wordsOf('node "a')).toBeNull()
  expect(wordsOf('')).toEqual([])
})
