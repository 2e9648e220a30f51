/** A server process behind a channel. */
import type { Call } from './call.ts'
import { notRead, oneLine } from './jsonrpc.ts'
import type { Channel } from './types.ts'
import { Upstream } from './upstream.ts'
import type { UpstreamOptions } from './upstream.ts'

export class StdioUpstream extends Upstream {
  private readonly channel: Channel

  constructor(channel: Channel, options: UpstreamOptions) {
    super(options)
    this.channel = channel
    channel.onMessage((line) => this.receive(line, null))
    channel.onClose((reason) => this.lost(reason.sentence))
  }

  override get backlog(): number {
    return this.channel.writableLength ?? 0
  }

  protected transmit(line: string, call: Call | null): void {
    // Clients may send JSON over several lines.
    if (this.channel.send(oneLine(line)) !== false || !call) return
    this.calls.delete(call.upstreamId)
    call.fail('lost', notRead)
  }

  protected shut(): void {
    this.channel.close()
  }
}
