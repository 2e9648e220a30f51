import { afterEach, describe, expect, test } from 'vitest'
import { api, platformOrganizationId } from '@berth/contracts'
import { readConfig } from '../../platform/config.ts'
import { signUp, startTestServer, type TestServer } from '../../platform/testing/index.ts'
import { recoverOperator } from './recover.ts'
import { isExposed, setupCode } from './setup-code.ts'

const servers: TestServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0).toReversed()) await server.close()
})

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const server = await startTestServer(options)
  servers.push(server)
  return server
}

const open = { BERTH_HOST: '0.0.0.0' }

function register(server: TestServer, email: string, code?: string) {
  return fetch(`${server.url}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(code !== undefined && { 'x-berth-setup-code': code }),
    },
    body: JSON.stringify({ name: 'A', email, password: 'correct horse battery' }),
  })
}

describe('the set-up code', () => {
  test('is asked of the first account of a host that others reach, and of no other', async () => {
    const server = await start({ env: open })
    const setup = () => server.client().call(api.identity.setup, {})
    expect(await setup()).toMatchObject({ operatorClaimed: false, setupCodeRequired: true })
    const code = (await setupCode(server.berth.platform))!
    for (const wrong of [undefined, '', 'AAAA-BBBB-CCCC-DDDD', `${code}A`, code.slice(1)]) {
      const refused = await register(server, 'first@example.com', wrong)
      expect(refused.status).toBe(403)
      expect(await refused.json()).toMatchObject({ code: 'setup_code_required' })
    }
    const users = await server.berth.platform.db.selectFrom('users').select('id').execute()
    expect(users).toEqual([])

    expect(
      (await register(server, 'first@example.com', ` ${code.toLowerCase().replaceAll('-', ' ')}`)).status,
    ).toBe(200)
    expect(await setup()).toMatchObject({ operatorClaimed: true, setupCodeRequired: false })
    expect(await setupCode(server.berth.platform)).toBeNull()
    expect((await register(server, 'second@example.com')).status).toBe(200)
  })

  test('is the same in every process, and another one in every installation', async () => {
    const [one, other] = [await start({ env: open }), await start({ env: open })]
    const second = await start({ env: open, beside: one })
    const codes = await Promise.all([one, second, other].map((server) => setupCode(server.berth.platform)))
    expect(codes[0]).toMatch(/^([A-Z2-9]{4}-){3}[A-Z2-9]{4}$/)
    expect(codes[1]).toBe(codes[0])
    expect(codes[2]).not.toBe(codes[0])
  })

  test('is not asked on loopback', async () => {
    const server = await start()
    expect(await setupCode(server.berth.platform)).toBeNull()
    expect(await server.client().call(api.identity.setup, {})).toMatchObject({ setupCodeRequired: false })
  })

  test.each([
    [{}, false],
    [{ BERTH_HOST: '::1' }, false],
    [{ BERTH_HOST: '0.0.0.0' }, true],
    [{ BERTH_HOST: '10.1.2.3' }, true],
    [{ BERTH_PUBLIC_URL: 'https://berth.example.com' }, true],
    [{ BERTH_PUBLIC_URL: 'http://localhost:7070' }, false],
    [{ BERTH_PUBLIC_URL: 'http://[::1]:7070' }, false],
  ])('counts %j as reached by others: %s', (env, exposed) => {
    expect(isExposed(readConfig(env))).toBe(exposed)
  })
})

describe('recovering an operator', () => {
  const signIn = (server: TestServer, email: string, password: string) =>
    fetch(`${server.url}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    })

  test('gives a new password, ends sign-ins, and stands in the log', async () => {
    const server = await start()
    const { platform } = server.berth
    const operator = await signUp(server)
    await platform.db.updateTable('users').set({ state: 'disabled' }).execute()
    const recovery = await recoverOperator(platform)
    expect(recovery).toMatchObject({ userId: operator.userId, email: operator.email })

    await expect(operator.client.call(api.identity.me, {})).rejects.toMatchObject({
      problem: { status: 401 },
    })
    expect((await signIn(server, operator.email, operator.password)).status).toBe(401)
    expect((await signIn(server, operator.email, recovery.password)).status).toBe(200)

    const events = await platform.db
      .selectFrom('events')
      .select(['type', 'actor'])
      .where('organizationId', '=', platformOrganizationId)
      .where('type', 'in', ['operator.recovered', 'session.revoked'])
      .orderBy('type')
      .execute()
    const actor = { kind: 'system', id: 'recover', tokenId: null }
    expect(events).toEqual([
      { type: 'operator.recovered', actor },
      { type: 'session.revoked', actor },
    ])
  })

  test('makes the named account an operator, however its address is spelt', async () => {
    const server = await start()
    await signUp(server)
    const person = await signUp(server)
    const recovery = await recoverOperator(server.berth.platform, { email: person.email.toUpperCase() })
    const { token } = (await (await signIn(server, person.email, recovery.password)).json()) as {
      token: string
    }
    const me = await server.client(token).call(api.identity.me, {})
    expect(me.platformRoles).toEqual(['operator'])
  })

  test('says so when there is nobody', async () => {
    const server = await start()
    const { platform } = server.berth
    await expect(recoverOperator(platform)).rejects.toThrow('There is no operator yet')
    await expect(recoverOperator(platform, { email: 'no@example.com' })).rejects.toThrow('no@example.com')
  })
})
