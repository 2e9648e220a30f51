import { expect, test } from 'vitest'
import { canonicalRemote } from './remote.ts'

const canonical = (url: string) => canonicalRemote({ kind: 'remote', url }).url

test.each([
  'https://mcp.example.com/mcp',
  'https://8.8.8.8/mcp',
  'http://127.0.0.1:9000/mcp',
  'https://127.0.0.1/mcp',
  'http://localhost/mcp',
  'http://[::1]/mcp',
])('%s can be the address of a remote server', (url) => {
  expect(canonical(url)).toBe(url)
})

test.each([
  ['http://mcp.example.com/mcp', /by https/],
  ['https://ann:secret@mcp.example.com/mcp', /name or password/],
  ['https://10.0.0.1/mcp', /10\.0\.0\.1 is a private address; Berth calls servers at public addresses/],
  ['https://169.254.169.254/mcp', /a metadata address/],
  ['https://[::ffff:10.0.0.1]/mcp', /private/],
])('%s is refused when it is added, not when it is called', (url, why) => {
  expect(() => canonical(url)).toThrow(why)
})
