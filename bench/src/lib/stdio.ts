/** A stdio server called without anything in between: what any gateway's latency is compared with. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

export class RawStdio {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>
  private rest = ''
  private take: (line: string) => void = () => {}

  constructor([program, ...args]: string[]) {
    this.child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      this.rest += chunk
      const end = this.rest.indexOf('\n')
      if (end < 0) return
      const line = this.rest.slice(0, end)
      this.rest = this.rest.slice(end + 1)
      this.take(line)
    })
  }

  private send(message: string): Promise<string> {
    this.child.stdin.write(`${message}\n`)
    return new Promise((resolve) => (this.take = resolve))
  }

  async open(): Promise<void> {
    await this.send('{"jsonrpc":"2.0","id":0,"method":"ping"}')
  }

  async renew(): Promise<void> {}

  async echo(message: string): Promise<boolean> {
    const line = await this.send(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"${message}"}}}`,
    )
    return line.includes(`"text":"${message}"`)
  }

  async close(): Promise<void> {
    this.child.kill()
  }
}
