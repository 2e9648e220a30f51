/** A Berth for the demo, started as `npm start` starts one, on a folder that is gone when it ends. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

const host = '127.0.0.1'
const usualPort = 7070
const portsTried = 50
const stopMs = 25_000

/** What is asked of a Berth elsewhere in the environment is not for this one. */
const notForTheDemo = [
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'BERTH_PUBLIC_URL',
  'BERTH_SECRET_KEY',
  'BERTH_TRUST_PROXY',
]

/** Ends the demo with a sentence. */
export class DemoFault extends Error {}

export interface DemoBerth {
  url: string
  /** The folder of everything the demo writes. */
  folder: string
  /** Aborted with a DemoFault when Berth ends before it is asked to. */
  ended: AbortSignal
  /** Ends Berth and removes its folder. */
  close(): Promise<void>
}

/** Makes the folder, starts Berth in it and waits until it is up. `signal` ends the waiting. */
export async function startDemoBerth(signal: AbortSignal): Promise<DemoBerth> {
  const port = await choosePort()
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-demo-'))
  const logFile = path.join(folder, 'berth.log')
  const ended = new AbortController()
  const child = spawn(
    process.execPath,
    [path.join(import.meta.dirname, '../berth.mjs'), 'start'],
    // In a process group of its own, so that the terminal's Ctrl-C reaches it through us; and it ends itself should we
    // be killed, as it does for npm.
    { env: environment(folder, port), detached: true, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit')
  const close = async () => {
    await stop(child, exited)
    await rm(folder, { recursive: true, force: true })
  }
  exited.then(
    async () => ended.abort(new DemoFault(`Berth ended by itself.\n${await lastLines(logFile)}`.trim())),
    (error: Error) => ended.abort(new DemoFault(`Berth cannot be started: ${error.message}`)),
  )
  try {
    const url = await addressFrom(child, logFile, AbortSignal.any([signal, ended.signal]))
    return { url, folder, ended: ended.signal, close }
  } catch (error) {
    await close()
    throw error
  }
}

function environment(folder: string, port: number): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { BERTH_LOG_LEVEL: 'warn', npm_lifecycle_event: 'demo', ...process.env }
  for (const name of notForTheDemo) delete env[name]
  return { ...env, BERTH_HOST: host, BERTH_PORT: String(port), BERTH_DATA_DIR: path.join(folder, 'data') }
}

/** BERTH_PORT or 7070, or the next one that is free, which is said. */
async function choosePort(): Promise<number> {
  const given = process.env['BERTH_PORT']
  const wanted = given ? Number(given) : usualPort
  if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535) {
    throw new DemoFault(`BERTH_PORT is ${JSON.stringify(given)}, which is not a port.`)
  }
  for (let port = wanted; port < Math.min(wanted + portsTried, 65_536); port++) {
    if (!(await isFree(port))) continue
    if (port !== wanted) console.log(`Port ${wanted} is taken, so the demo listens on ${port}.`)
    return port
  }
  throw new DemoFault(`No port from ${wanted} on is free. Name another one with BERTH_PORT.`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}

/** Where Berth says that it is up; everything it prints is kept in a file. */
function addressFrom(child: ChildProcess, logFile: string, signal: AbortSignal): Promise<string> {
  const log = createWriteStream(logFile).on('error', () => undefined)
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    createInterface({ input: child.stdout! }).on('line', (line) => {
      log.write(`${line}\n`)
      const [, url] = /Berth is up at (\S+)/.exec(line) ?? []
      if (url) resolve(url)
    })
  })
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-10).join('\n')
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const patience = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await exited.catch(() => undefined)
  clearTimeout(patience)
}
