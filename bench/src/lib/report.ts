/** What a benchmark found: printed as tables, kept as JSON, and rendered as docs/benchmarks.md. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'

export interface Finding {
  what: string
  target: string
  figure: string
  /** Against what it is compared with in the same run. */
  ratio?: string
  met: boolean
}

export interface Table {
  title: string
  columns: string[]
  rows: string[][]
}

/** What a benchmark returns. `about`: how it was measured, in sentences. */
export interface Report {
  title: string
  about: string[]
  findings: Finding[]
  tables: Table[]
}

interface Kept extends Report {
  name: string
  machine: Machine
  startedAt: string
  seconds: number
}

interface Machine {
  cores: number
  memoryGb: number
  kernel: string
  node: string
  /** Of the last minute, before and after. */
  load: [number, number]
}

const folder = join(import.meta.dirname, '../../results')
const document = join(import.meta.dirname, '../../../docs/benchmarks.md')

/** Runs a benchmark, prints what it found and keeps it in bench/results. Returns whether all targets were met. */
export async function runAndKeep(name: string, bench: () => Promise<Report>): Promise<boolean> {
  const startedAt = new Date()
  const [before = 0] = loadavg()
  console.log(`\n# ${name}`)
  const report = await bench()
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000)
  const machine: Machine = {
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    load: [before, loadavg()[0] ?? 0],
  }
  const kept: Kept = { name, ...report, machine, startedAt: startedAt.toISOString(), seconds }
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(kept, null, 2)}\n`)
  print(kept)
  return report.findings.every((finding) => finding.met)
}

const findingColumns = ['what', 'target', 'figure', 'ratio', 'met']

function rowOf({ what, target, figure, ratio, met }: Finding): string[] {
  return [what, target, figure, ratio ?? '', met ? 'yes' : 'NO']
}

function print(kept: Kept): void {
  for (const table of kept.tables) console.log(`\n${table.title}\n${aligned([table.columns, ...table.rows])}`)
  if (kept.findings.length > 0) console.log(`\n${aligned([findingColumns, ...kept.findings.map(rowOf)])}`)
  console.log(`\n${kept.seconds} s, load ${kept.machine.load.map((load) => load.toFixed(1)).join(' → ')}`)
}

function aligned(rows: string[][]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)))
  return rows
    .map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at]!)).join('  ')}`.trimEnd())
    .join('\n')
}

/** Writes docs/benchmarks.md from everything in bench/results; what was never measured here stays as it was. */
export function writeDocument(names: readonly string[]): void {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  const kept = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Kept)
  writeFileSync(document, render(names, kept, existsSync(document) ? readFileSync(document, 'utf8') : ''))
}

/**
 * The document as Markdown, in the given order of names. Its first lines name every target that was missed. Of benchmarks
 * that are not among `kept` it repeats what it said `before`.
 */
export function render(names: readonly string[], kept: readonly Kept[], before = ''): string {
  const standing = before.split(/^(?=## )/m).slice(1)
  const sections = names.flatMap((name) => {
    const measured = kept.find((one) => one.name === name)
    if (measured) return [sectionOf(measured)]
    return standing.filter((text) => text.includes(`\n${commandOf(name)}\n`)).map((text) => text.trimEnd())
  })
  const missed = sections.flatMap((section) => [...section.matchAll(missedRow)].map(sentenceOf))
  const head = missed.length > 0 ? missed : ['Every target below was met.']
  return `${[...head, introduction(kept[0]), ...sections].join('\n\n')}\n`
}

const commandOf = (name: string) => `\`npm run bench ${name}\``

function sectionOf(one: Kept): string {
  return [
    `## ${one.title}\n\n${commandOf(one.name)}`,
    one.about.map((sentence) => `- ${sentence}`).join('\n'),
    ...(one.findings.length > 0 ? [markdown([findingColumns, ...one.findings.map(rowOf)])] : []),
    ...one.tables.map((table) => `**${table.title}**\n\n${markdown([table.columns, ...table.rows])}`),
    `Measured ${one.startedAt.slice(0, 10)} in ${one.seconds} s; load average of the machine before and after: ` +
      `${one.machine.load.map((load) => load.toFixed(1)).join(', ')}.`,
  ].join('\n\n')
}

/** A row of findings that says NO. */
const missedRow = /^\| (.*) \| (.*) \| (.*) \| (.*) \| NO \|$/gm

function sentenceOf([, what, target, figure, ratio]: RegExpExecArray): string {
  return `**Missed: ${what}: ${figure}${ratio ? ` (${ratio})` : ''}, target ${target}.**`
}

function introduction(first: Kept | undefined): string {
  const machine = first?.machine
  return [
    '# Benchmarks',
    'Of the server as it is shipped: `server/src/main.ts start` as a process of its own, with its own data directory and the ' +
      'PostgreSQL that Berth brings along, tokens, policy, call records and log on; only the trying-out of the bundled servers, which a new installation does in its first minutes, is put off. `npm run bench` runs all of ' +
      'them, `npm run bench <name>` one, `npm run bench -- --write-docs` writes this page from the latest results. Below each stands when it was measured.',
    'Absolute figures change with the machine and with what else runs on it; the ratios compare figures of the same run, ' +
      'taken in turns.',
    machine
      ? `Machine: ${machine.cores} cores, ${machine.memoryGb} GB, Linux ${machine.kernel}, Node ${machine.node}. ` +
        'Load generators run on the same cores.'
      : '',
  ].join('\n\n')
}

function markdown(rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const [head, ...body] = rows
  return [line(head!), line(head!.map(() => '---')), ...body.map(line)].join('\n')
}
