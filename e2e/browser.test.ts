import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { launchBrowser } from './support/browser.ts'

test('the browser that the tests drive opens a page and runs its script', async () => {
  const page = '<!doctype html><title>Berth</title><button onclick="this.textContent = 1 + 1">count</button>'
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(page))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const browser = await launchBrowser()
  try {
    const tab = await browser.newPage()
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await tab.getByRole('button').click()
    expect(await tab.getByRole('button').textContent()).toBe('2')
  } finally {
    await browser.close()
    server.close()
  }
})
