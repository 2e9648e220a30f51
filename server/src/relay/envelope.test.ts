import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { composeCall, composeResponse, paramsWith, readdress, readEnvelope, tokenText } from './envelope.ts'
import type { Envelope } from './envelope.ts'

function read(text: string): Envelope {
  const envelope = readEnvelope(text)
  if (!('kind' in envelope)) throw new Error(envelope.message)
  return envelope
}

const json = fc.json({ maxDepth: 4 })
const spaces = fc.constantFrom('', ' ', '\n\t ', '\r\n')
const id = fc.oneof(fc.integer(), fc.string({ unit: 'grapheme' }))

describe('reading a message', () => {
  it('keeps the exact text of params and finds the id, in any order and spacing', () => {
    fc.assert(
      fc.property(id, json, spaces, fc.boolean(), (value, argument, gap, idLast) => {
        const rawId = JSON.stringify(value)
        const params = `{${gap}"name":"x",${gap}"arguments":${gap}${argument}${gap}}`
        const middle = `"params"${gap}:${gap}${params}${gap},${gap}"method":"tools/call"`
        const members = idLast ? `${middle},"id":${gap}${rawId}` : `"id":${rawId},${gap}${middle}`
        const envelope = read(`${gap}{${gap}"jsonrpc":"2.0",${members}${gap}}${gap}`)
        expect(envelope.rawId).toBe(rawId)
        expect(envelope.params).toBe(params)
        expect(JSON.parse(composeCall(envelope, '7', params))).toEqual({
          jsonrpc: '2.0',
          id: 7,
          method: 'tools/call',
          params: JSON.parse(params),
        })
      }),
    )
  })

  it('replaces a progress token and nothing else', () => {
    fc.assert(
      fc.property(id, json, (token, other) => {
        const params = `{"a":${other},"_meta":{"x":${other},"progressToken":${JSON.stringify(token)},"y":"}"},"z":[]}`
        const envelope = read(`{"jsonrpc":"2.0","id":1,"method":"m","params":${params}}`)
        expect(JSON.parse(tokenText(envelope))).toEqual(JSON.parse(JSON.stringify(token)))
        const expected = JSON.parse(params)
        expected._meta.progressToken = 99
        expect(JSON.parse(paramsWith(envelope, '99'))).toEqual(expected)
      }),
    )
  })

  it('keeps numbers that JavaScript cannot hold', () => {
    const params = '{"arguments":{"big":12345678901234567890,"exact":1.10}}'
    const envelope = read(`{"jsonrpc":"2.0","id":90071992547409931234,"method":"m","params":${params}}`)
    expect(envelope.rawId).toBe('90071992547409931234')
    expect(composeCall(envelope, '1', envelope.params)).toContain(params)
  })

  it('keeps members it does not know', () => {
    const envelope = read('{"jsonrpc":"2.0","extra":{"a":[1]},"id":1,"method":"m"}')
    expect(JSON.parse(composeCall(envelope, '2', ''))).toEqual({
      jsonrpc: '2.0',
      id: 2,
      method: 'm',
      extra: { a: [1] },
    })
  })

  it('refuses members that servers could read in two ways', () => {
    const ambiguous = [
      '{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}',
      '{"jsonrpc":"2.0","id":1,"\\u0069d":2,"method":"m"}',
      '{"jsonrpc":"2.0","id":1,"ID":2,"method":"m"}',
      '{"jsonrpc":"2.0","id":1,"method":"m","Params":{},"params":{}}',
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":1},"_meta":{}}}',
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_Meta":{"progressToken":1}}}',
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":1,"progresstoken":2}}}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"requestId":2}}',
    ]
    for (const text of ambiguous) expect(readEnvelope(text), text).toMatchObject({ code: -32600 })
  })

  it('never throws, whatever the text', () => {
    const reads = (text: string) => {
      expect(readEnvelope(text)).toBeTypeOf('object')
    }
    fc.assert(fc.property(fc.string(), reads))
    fc.assert(fc.property(json, reads))
    const member = fc.constantFrom(
      '"jsonrpc":"2.0"',
      '"id":1',
      '"id":null',
      '"method":"m"',
      '"params":[]',
      '"result":0',
    )
    fc.assert(fc.property(fc.array(member), (members) => reads(`{${members.join(',')}}`)))
  })
})

describe('addressing a response', () => {
  it('changes the id alone, whatever the layout', () => {
    fc.assert(
      fc.property(
        json,
        id,
        fc.integer({ min: 1 }),
        fc.constantFrom(0, 1, 2, 3),
        (result, clientId, own, layout) => {
          const text = [
            `{"jsonrpc":"2.0","id":${own},"result":${result}}`,
            `{"result":${result},"jsonrpc":"2.0","id":${own}}`,
            `{"id":${own},"jsonrpc":"2.0","result":${result}}`,
            `{ "jsonrpc" : "2.0", "result" : ${result}, "id" : ${own} }`,
          ][layout]!
          const moved = readdress(text, JSON.parse(text), own, JSON.stringify(clientId))
          expect(JSON.parse(moved)).toEqual({ ...JSON.parse(text), id: JSON.parse(JSON.stringify(clientId)) })
        },
      ),
    )
  })

  it("carries a client's error back as it is", () => {
    const envelope = read('{"jsonrpc":"2.0","id":"a","error":{"code":-1,"message":"no","data":[1]}}')
    expect(composeResponse(envelope, '5')).toBe(
      '{"jsonrpc":"2.0","id":5,"error":{"code":-1,"message":"no","data":[1]}}',
    )
  })
})
