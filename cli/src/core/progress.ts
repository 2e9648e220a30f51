import type { Output } from './output.ts'
import { cut, escapeText } from './text.ts'
import { duration } from './time.ts'

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** Shows on stderr what is being waited for: a moving line on a terminal, else one line for each new step. */
export class Progress {
  private readonly out: Output
  private readonly startedAt = Date.now()
  private readonly timer: NodeJS.Timeout | undefined
  private step = ''
  private frame = 0

  constructor(out: Output) {
    this.out = out
    if (out.interactive) this.timer = setInterval(() => this.draw(), 100)
  }

  /** Says what happens now; the same step again is not repeated. */
  now(step: string): void {
    if (step === this.step) return
    this.step = step
    if (this.timer) this.draw()
    else this.out.say(`… ${escapeText(step)}`)
  }

  /** Takes the moving line away. */
  end(): void {
    if (!this.timer) return
    clearInterval(this.timer)
    process.stderr.write('\r\x1b[K')
  }

  private draw(): void {
    this.frame = (this.frame + 1) % frames.length
    const waited = duration(Math.floor((Date.now() - this.startedAt) / 1000) * 1000)
    const step = cut(escapeText(this.step), Math.max(20, (process.stderr.columns || 80) - waited.length - 6))
    process.stderr.write(`\r\x1b[K${frames[this.frame]} ${step} (${waited})`)
  }
}
