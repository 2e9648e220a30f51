import { describe, expect, it } from 'vitest'
import { endOfAnswer } from './http-worker.ts'
import { parseStat } from './processes.ts'
import { render } from './report.ts'
import { quantile, round } from './statistics.ts'

describe('the load generator', () => {
  it('sees the end of an answer of a given length, in chunks, and without a body, and not before', () => {
    const whole = [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n',
    ]
    for (const answer of whole) {
      expect(endOfAnswer(`${answer}HTTP/1.1 200`)).toBe(answer.length)
      for (let cut = 0; cut < answer.length; cut++) expect(endOfAnswer(answer.slice(0, cut))).toBe(-1)
    }
  })
})

describe('the figures', () => {
  it('read CPU time and memory of a process with any name', () => {
    const stat = '42 (a) b (c) S 7 0 0 0 0 0 0 0 0 0 100 50 20 30 0 0 0 0 0 0 1000 0'
    expect(parseStat(stat)).toEqual({ pid: 42, parent: 7, name: 'a) b (c', cpuMs: 2000, rssMb: 4.096 })
  })

  it('are quantiles of the values in any order', () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at)
    expect([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)]).toEqual([51, 100, 100])
    expect(['0', '0.0421', '1.23', '18,300']).toEqual([0, 0.04212, 1.234, 18_345].map(round))
  })
})

describe('the page', () => {
  const bench = (met: boolean, name = 'start') => ({
    name,
    title: `Of ${name}`,
    about: [],
    findings: [{ what: 'warm start', target: '≤ 3 s', figure: '4 s', met }],
    tables: [],
    machine: { cores: 2, memoryGb: 25, kernel: '6', node: 'v24', load: [0, 0] as [number, number] },
    startedAt: '2026-11-23T00:00:00Z',
    seconds: 1,
  })

  it('names a missed target in its first line', () => {
    expect(render(['start'], [bench(false)]).split('\n')[0]).toBe(
      '**Missed: warm start: 4 s, target ≤ 3 s.**',
    )
    expect(render(['start'], [bench(true)])).not.toContain('Missed')
  })

  it('goes on saying of what was not measured anew what it said before', () => {
    const names = ['log', 'start', 'memory']
    const before = render(names, [bench(false, 'start'), bench(true, 'memory'), bench(false, 'log')])
    const after = render(names, [bench(true, 'start')], before)
    expect(after.match(/^## .*$/gm)).toEqual(['## Of log', '## Of start', '## Of memory'])
    expect(after.match(/^\*\*Missed/gm)).toHaveLength(1)
    expect(render(names, [bench(true, 'start')], after)).toBe(after)
  })
})
