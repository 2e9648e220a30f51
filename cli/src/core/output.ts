import pc from 'picocolors'
import { cut, escapeText, widthOf } from './text.ts'

export type Colors = ReturnType<typeof pc.createColors>

/** What one cell shows; `style` colours it after it was escaped and padded. */
export type Cell = string | number | null | { text: string; style?: (text: string, colors: Colors) => string }

export interface Column<T> {
  title: string
  cell: (row: T) => Cell
  /** Cut what is longer than so many columns. */
  max?: number
}

/** A stream to write to; `isTTY` is absent on pipes and files. */
export interface Sink {
  write(text: string): unknown
  isTTY?: boolean
}

export interface OutputOptions {
  json: boolean
  /** False when `--no-color` was given; NO_COLOR and a pipe decide otherwise. */
  color: boolean
  stdout?: Sink
  stderr?: Sink
  env?: NodeJS.ProcessEnv
}

/** Data goes to stdout, everything said about it to stderr. With `--json`, stdout carries JSON and nothing else. */
export class Output {
  readonly json: boolean
  readonly colors: Colors
  readonly interactive: boolean
  private readonly stdout: Sink
  private readonly stderr: Sink
  private readonly messageColors: Colors

  constructor(options: OutputOptions) {
    this.json = options.json
    this.stdout = options.stdout ?? process.stdout
    this.stderr = options.stderr ?? process.stderr
    const wanted = options.color && !(options.env ?? process.env)['NO_COLOR']
    this.colors = pc.createColors(wanted && this.stdout.isTTY === true)
    this.messageColors = pc.createColors(wanted && this.stderr.isTTY === true)
    this.interactive = this.stderr.isTTY === true
  }

  /** Prints one JSON value, indented. */
  data(value: unknown): void {
    this.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  }

  /** Prints one JSON value on one line, for streams. */
  dataLine(value: unknown): void {
    this.stdout.write(`${JSON.stringify(value)}\n`)
  }

  /** Prints a line of human-readable data to stdout. Texts from elsewhere must be escaped by the caller. */
  line(text = ''): void {
    this.stdout.write(`${text}\n`)
  }

  /** Says something about the work, on stderr. Texts from elsewhere must be escaped by the caller. */
  say(text: string): void {
    this.stderr.write(`${text}\n`)
  }

  /** Says what to type next. */
  next(...commands: string[]): void {
    for (const command of commands) this.say(this.messageColors.dim(`Next: ${escapeText(command)}`))
  }

  /** Says that something is done. */
  done(text: string): void {
    this.say(`${this.messageColors.green('✔')} ${text}`)
  }

  /** Shows an error's lines. */
  fail(lines: string[]): void {
    for (const [index, line] of lines.entries()) {
      this.say(index === 0 ? this.messageColors.red(line) : line)
    }
  }

  /** Prints rows as an aligned table; `empty` is said on stderr when there are none. */
  table<T>(rows: readonly T[], columns: Column<T>[], empty: string): void {
    if (rows.length === 0) return this.say(empty)
    for (const line of layOut(rows, columns, this.colors)) this.line(line)
  }

  /** Prints one thing as `name  value` lines. */
  fields(pairs: [name: string, value: Cell][]): void {
    const width = Math.max(...pairs.map(([name]) => widthOf(name)))
    for (const [name, value] of pairs) {
      const { text, style } = plain(value)
      const shown = style ? style(text, this.colors) : text
      this.line(`${this.colors.dim(name.padEnd(width))}  ${shown}`.trimEnd())
    }
  }
}

/** The lines of a table: titles in capitals, columns two spaces apart, nothing after the last. */
export function layOut<T>(rows: readonly T[], columns: Column<T>[], colors: Colors): string[] {
  const cells = rows.map((row) =>
    columns.map((column) => {
      const { text, style } = plain(column.cell(row))
      return { text: column.max ? cut(text, column.max) : text, style }
    }),
  )
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.map((row) => widthOf(row[index]!.text))),
  )
  const pad = (text: string, index: number) =>
    index === columns.length - 1 ? text : text + ' '.repeat(widths[index]! - widthOf(text))
  const title = columns.map((column, index) => pad(column.title.toUpperCase(), index)).join('  ')
  const lines = cells.map((row) =>
    row
      .map(({ text, style }, index) => (style ? style(pad(text, index), colors) : pad(text, index)))
      .join('  ')
      .trimEnd(),
  )
  return [colors.dim(title.trimEnd()), ...lines]
}

function plain(cell: Cell): { text: string; style?: (text: string, colors: Colors) => string } {
  if (cell === null) return { text: '-' }
  if (typeof cell !== 'object') return { text: escapeText(String(cell)) }
  return { text: escapeText(cell.text), style: cell.style }
}
