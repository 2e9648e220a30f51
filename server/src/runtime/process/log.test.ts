import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createProcessLog, type LogEntry, type LogOptions } from './log.ts'

function openLog(options: Partial<LogOptions> = {}) {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'berth-log-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return { dir, log: createProcessLog({ dir, ...options }) }
}

const texts = (entries: LogEntry[]) => entries.map((entry) => entry.text)

it('numbers lines without gaps, hands out the last ones, and those after a number', () => {
  const { log } = openLog()
  for (const name of ['a', 'b', 'c', 'd']) log.write('stderr', name)
  expect(log.tail().map((entry) => entry.n)).toEqual([1, 2, 3, 4])
  expect(texts(log.tail({ lines: 2 }))).toEqual(['c', 'd'])
  expect(texts(log.tail({ after: 3 }))).toEqual(['d'])
  expect(log.tail({ after: 4 })).toEqual([])
})

it('tells subscribers every later line until they leave', () => {
  const { log } = openLog()
  const seen: LogEntry[] = []
  log.write('stderr', 'before')
  const leave = log.subscribe((entry) => seen.push(entry))
  log.write('stdout', 'during')
  leave()
  log.write('stderr', 'after')
  expect(seen).toMatchObject([{ n: 2, stream: 'stdout', text: 'during' }])
})

it('survives its process: lines and numbers go on where the file ends', async () => {
  const { dir, log } = openLog()
  log.write('stderr', 'first run')
  log.write('note', 'exited with code 1')
  await log.close()
  const again = openLog({ dir }).log
  again.write('stderr', 'second run')
  expect(again.tail().map(({ n, stream, text }) => [n, stream, text])).toEqual([
    [1, 'stderr', 'first run'],
    [2, 'note', 'exited with code 1'],
    [3, 'stderr', 'second run'],
  ])
  await again.close()
})

it('keeps two files of bounded size, the newest lines in them', async () => {
  const { dir, log } = openLog({ maxFileBytes: 10_000 })
  for (let n = 0; n < 50; n += 1) {
    log.write('stderr', `line ${n} ${'x'.repeat(900)}`)
    await log.flush()
  }
  await log.close()
  expect(readdirSync(dir).sort()).toEqual(['server.log', 'server.log.1'])
  for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).size).toBeLessThanOrEqual(10_000)
  expect(readFileSync(join(dir, 'server.log'), 'utf8')).toContain('line 49 ')
})

it('escapes control characters, so that a line can neither drive a terminal nor imitate another line', async () => {
  const { dir, log } = openLog()
  log.write('stderr', 'red \u001b[31m bell \u0007 two\nlines \u009b31m hidden \u202e\u200b tab\tstays')
  expect(texts(log.tail())).toEqual([
    'red \\x1b[31m bell \\x07 two\\x0alines \\x9b31m hidden \\u202e\\u200b tab\tstays',
  ])
  await log.close()
  expect(readFileSync(join(dir, 'server.log'), 'utf8').split('\n')).toHaveLength(2)
})

it('cuts long lines and says so', () => {
  const { log } = openLog()
  log.write('stderr', 'y'.repeat(10_000))
  expect(log.tail()[0]!.text).toMatch(/^y{4096}… \(5904 more characters\)$/)
})

it('drops what comes too fast, counts it, and goes on in the next second', () => {
  let now = 1_000
  const { log } = openLog({ maxBytesPerSecond: 1000, now: () => now })
  for (let n = 0; n < 100; n += 1) log.write('stderr', 'z'.repeat(100))
  expect(log.tail()).toHaveLength(10)
  expect(log.saturated).toBe(true)
  now += 1_000
  expect(log.saturated).toBe(false)
  log.write('stderr', 'calm again')
  expect(texts(log.tail()).slice(10)).toEqual([
    '90 lines (9000 bytes) dropped: more than 1000 bytes in a second',
    'calm again',
  ])
})

it('bounds its memory', () => {
  let now = 0
  const { log } = openLog({ ringLines: 5, now: () => (now += 1_000) })
  for (let n = 0; n < 20; n += 1) log.write('stderr', `${n}`)
  expect(texts(log.tail())).toEqual(['15', '16', '17', '18', '19'])
})
