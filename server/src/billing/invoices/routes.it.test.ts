import { afterAll, beforeAll, expect, test } from 'vitest'
import { api } from '@berth/contracts'
import { signUp, startTestServer, type TestPerson, type TestServer } from '../../platform/testing/index.ts'

let server: TestServer
/** Who came first operates the installation. */
let person: TestPerson
beforeAll(async () => {
  server = await startTestServer({ roles: ['api'] })
  person = await signUp(server)
})
afterAll(() => server?.close())

test('an invoice is to be had as data, as a page and as PDF, by its organization alone', async () => {
  const stranger = await signUp(server)
  const { id: organizationId } = await person.client.call(api.organizations.create, {
    body: { name: 'Acme' },
  })
  const params = { organizationId }
  await person.client.call(api.subscriptions.change, { params, body: { plan: 'team' } })
  const { items } = await person.client.call(api.invoices.list, { params, query: {} })
  expect(items).toMatchObject([{ state: 'open', total: '4900', currency: 'EUR', number: '000001' }])
  const base = `${server.url}/api/billing/organizations/${organizationId}/invoices/${items[0]!.id}`
  const read = async (path: string, token: string) => {
    const response = await fetch(base + path, { headers: { authorization: `Bearer ${token}` } })
    const { status, headers } = response
    return {
      status,
      type: headers.get('content-type'),
      name: headers.get('content-disposition'),
      text: await response.text(),
    }
  }
  const page = await read('/html', person.token)
  expect(page).toMatchObject({
    status: 200,
    type: 'text/html',
    name: expect.stringContaining('invoice-000001.html'),
  })
  for (const part of ['€49.00', 'Acme', organizationId]) expect(page.text).toContain(part)
  const pdf = await read('/pdf', person.token)
  expect(pdf).toMatchObject({ status: 200, type: 'application/pdf' })
  expect(pdf.text.startsWith('%PDF-')).toBe(true)
  for (const path of ['', '/html', '/pdf']) expect((await read(path, stranger.token)).status).toBe(404)

  const called = (invoiceId: string) => ({ params: { ...params, invoiceId } })
  expect(await person.client.call(api.invoices.get, called('000001'))).toEqual(items[0])
  const { id: elsewhere } = await stranger.client.call(api.organizations.create, { body: { name: 'Other' } })
  for (const invoiceId of ['000001', 'TEST-000001'])
    await expect(
      stranger.client.call(api.invoices.get, { params: { organizationId: elsewhere, invoiceId } }),
    ).rejects.toMatchObject({ problem: { code: 'not_found' } })
  await expect(person.client.call(api.invoices.get, called('1st'))).rejects.toMatchObject({
    problem: { errors: [{ path: 'invoiceId', message: expect.stringContaining('the id or the number') }] },
  })
})

test('an operator settles an invoice by its number, whichever series it is of', async () => {
  const made = await person.client.call(api.billing.createTestOrganization, { body: { name: 'Clockwork' } })
  const body = { reference: 'bank 12' }
  for (const [organizationId, number] of [
    [made.organizationId, 'TEST-000001'],
    [(await person.client.call(api.organizations.create, { body: { name: 'Real' } })).id, '000002'],
  ] as const) {
    const params = { organizationId }
    await person.client.call(api.subscriptions.change, { params, body: { plan: 'team' } })
    expect(await person.client.call(api.invoices.pay, { params: { invoiceId: number }, body })).toMatchObject(
      { organizationId, number, state: 'paid', reference: 'bank 12' },
    )
  }
})
