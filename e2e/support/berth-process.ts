/** Berth as its own process, as it is started by people, so that it can be killed. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { createClient, type Client } from '@berth/contracts'

const main = path.join(import.meta.dirname, '../../server/src/main.ts')

export interface BerthProcess {
  child: ChildProcess
  /** Resolves when it says that it is up; rejects when it ends before. */
  url: Promise<string>
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>
  /** Stops it as a service manager does. */
  stop(): Promise<void>
}

export function startBerthProcess(options: {
  databaseUrl: string
  dataDir: string
  env?: Record<string, string>
}): BerthProcess {
  const child = spawn(process.execPath, [main, 'start'], {
    env: {
      PATH: process.env['PATH'],
      BERTH_PORT: '0',
      BERTH_DATA_DIR: options.dataDir,
      BERTH_LOG_LEVEL: process.env['BERTH_TEST_LOG'] ?? 'error',
      DATABASE_URL: options.databaseUrl,
      ...npmSettings(),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)))
  const url = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (process.env['BERTH_TEST_LOG']) process.stderr.write(`${line}\n`)
      const found = /Berth is up at (\S+)/.exec(line)
      if (found) resolve(found[1]!)
    })
    void exited.then(([code]) => reject(new Error(`Berth ended with ${code} before it was up: ${said}`)))
  })
  url.catch(() => {})
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
  }
  return { child, url, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') }
}

export const clientAt = (url: string, token: string): Client =>
  createClient({ baseUrl: url, headers: () => ({ authorization: `Bearer ${token}` }) })

/** Where npm finds its registry: an `npm test` around us runs another Node, next to which npm would look in vain. */
function npmSettings(): Record<string, string> {
  const told = /^npm_config_(?:.*registry|userconfig|globalconfig|cafile)$/i
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value && told.test(name) ? [[name, value]] : [])),
  )
}
