import { describe, expect, it } from 'vitest'
import { layOut, Output, type OutputOptions } from './output.ts'
import { stateCell } from './words.ts'

function capture(options: Partial<OutputOptions> & { isTTY?: boolean }) {
  const written = { out: '', err: '' }
  const output = new Output({
    json: false,
    color: true,
    env: {},
    stdout: { isTTY: options.isTTY, write: (text) => (written.out += text) },
    stderr: { isTTY: options.isTTY, write: (text) => (written.err += text) },
    ...options,
  })
  return { output, written }
}

const columns = [
  { title: 'name', cell: (row: { name: string; state: string }) => row.name },
  { title: 'state', cell: (row: { name: string; state: string }) => stateCell(row.state) },
  { title: 'n', cell: () => null },
]

describe('a table', () => {
  it('aligns its columns, also with wide characters', () => {
    const { output } = capture({})
    const rows = [
      { name: 'a', state: 'running' },
      { name: '東京', state: 'awaiting_approval' },
    ]
    expect(layOut(rows, columns, output.colors)).toEqual([
      'NAME  STATE                N',
      'a     ● running            -',
      '東京  ‖ awaiting approval  -',
    ])
  })

  it('shows control characters of a server inert', () => {
    const { output, written } = capture({})
    output.table([{ name: 'a\u001b[2J\n', state: 'x\u0007' }], columns, '')
    expect(written.out).toContain('a\\x1b[2J\\n')
    expect(written.out).toContain('x\\x07')
    expect(written.out.trimEnd().split('\n')).toHaveLength(2)
  })

  it('says on stderr that there is nothing', () => {
    const { output, written } = capture({})
    output.table([], columns, 'Nothing.')
    expect(written).toEqual({ out: '', err: 'Nothing.\n' })
  })
})

describe('colour', () => {
  const paint = (options: Parameters<typeof capture>[0]) => {
    const { output, written } = capture(options)
    output.table([{ name: 'a', state: 'running' }], columns, '')
    output.fail(['Error: x'])
    return written.out + written.err
  }

  it('is there on a terminal', () => expect(paint({ isTTY: true })).toContain('\u001b[32m'))
  it('is not there in a pipe', () => expect(paint({})).not.toContain('\u001b'))
  it('is not there with NO_COLOR', () =>
    expect(paint({ isTTY: true, env: { NO_COLOR: '1' } })).not.toContain('\u001b'))
  it('is not there with --no-color', () =>
    expect(paint({ isTTY: true, color: false })).not.toContain('\u001b'))
})
