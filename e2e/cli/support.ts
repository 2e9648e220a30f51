import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'

const main = path.join(import.meta.dirname, '../../cli/src/main.ts')
export const fixtures = path.join(import.meta.dirname, '../fixtures/mcp')

export interface Result {
  code: number | null
  stdout: string
  stderr: string
}

/** A list as the API and `--json` give it. */
export interface List<T> {
  items: T[]
  nextCursor: string | null
}

export interface RunOptions {
  stdin?: string
  env?: Record<string, string>
}

/** mcpctl as a child process with a home of its own, talking to one Berth. */
export class Mcpctl {
  /** The folder that holds its credentials. */
  readonly home = mkdtempSync(path.join(tmpdir(), 'mcpctl-e2e-'))
  private readonly url: string
  private readonly watchers: Watcher[] = []

  constructor(url: string) {
    this.url = url
  }

  /** Runs one command to its end. */
  async run(args: string[], options: RunOptions = {}): Promise<Result> {
    const child = this.spawn(args, options.env)
    child.stdin.end(options.stdin ?? '')
    const result = { code: null as number | null, stdout: '', stderr: '' }
    child.stdout.on('data', (text: string) => (result.stdout += text))
    child.stderr.on('data', (text: string) => (result.stderr += text))
    const [code] = (await once(child, 'close')) as [number | null]
    return { ...result, code }
  }

  /** Runs a command that must succeed; its output. */
  async text(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args)
    if (code !== 0) throw new Error(`mcpctl ${args.join(' ')} ended with ${code}:\n${stderr}`)
    return stdout
  }

  /** Runs a command with `--json` that must succeed; the parsed output. */
  async json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    const stdout = await this.text('--json', ...args)
    return JSON.parse(stdout) as T
  }

  /** Starts a command that goes on until it is stopped. */
  watch(...args: string[]): Watcher {
    return this.watchWith({}, ...args)
  }

  /** The same with variables of its own. */
  watchWith(env: Record<string, string>, ...args: string[]): Watcher {
    const watcher = new Watcher(this.spawn(args, env))
    this.watchers.push(watcher)
    return watcher
  }

  async close(): Promise<void> {
    for (const watcher of this.watchers) watcher.kill()
    rmSync(this.home, { recursive: true, force: true })
  }

  private spawn(args: string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
    const child = spawn(process.execPath, [main, ...args], {
      env: {
        XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'),
        PATH: process.env['PATH'],
        HOME: this.home,
        XDG_CONFIG_HOME: this.home,
        BERTH_URL: this.url,
        ...env,
      },
    })
    child.stdin.on('error', () => {})
    child.stdout.setEncoding('utf8')
    child.stderr.setEncoding('utf8')
    return child
  }
}

/** A command that goes on, with what it said so far. */
export class Watcher {
  stdout = ''
  stderr = ''
  private readonly child: ChildProcessWithoutNullStreams
  private readonly ended: Promise<number | null>

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child
    child.stdout.on('data', (text: string) => (this.stdout += text))
    child.stderr.on('data', (text: string) => (this.stderr += text))
    this.ended = once(child, 'close').then(([code]) => code as number | null)
  }

  /** The whole lines of stdout so far, each parsed. */
  lines<T = Record<string, unknown>>(): T[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1)
    return whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T)
  }

  /** Waits until what it said fulfils a condition; fails with what it said instead. */
  async until(condition: (watcher: Watcher) => boolean, what: string, ms = 90_000): Promise<void> {
    const end = Date.now() + ms
    while (!condition(this)) {
      if (Date.now() > end) throw new Error(`${what} did not happen.\n${this.stdout}\n${this.stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Presses Ctrl-C; its exit status. */
  async interrupt(): Promise<number | null> {
    this.child.kill('SIGINT')
    return this.ended
  }

  /** Closes the reading end of its output, as `head` does. */
  closeOutput(): void {
    this.child.stdout.destroy()
  }

  /** Its exit status, when it ends by itself. */
  end(): Promise<number | null> {
    return this.ended
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }
}

/** mcpctl with a person signed in. */
export async function signedIn(url: string, person: { email: string; password: string }): Promise<Mcpctl> {
  const cli = new Mcpctl(url)
  const { code, stderr } = await cli.run(['login', '--email', person.email, '--password-stdin'], {
    stdin: person.password,
  })
  if (code !== 0) throw new Error(`The sign-in ended with ${code}:\n${stderr}`)
  return cli
}

/** Words as typed at a prompt; what is interpolated stays one word. */
export function typed(texts: TemplateStringsArray, ...values: string[]): string[] {
  const whole = texts.reduce((before, text, index) => `${before}\0${index - 1}\0${text}`)
  return whole
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => word.replace(/\0(\d+)\0/g, (_, index: string) => values[Number(index)]!))
}
