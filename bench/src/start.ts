/** How long `npm start` takes on a machine on which it ran before. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDataDir } from './lib/berth.ts'
import { freePort, root } from './lib/programs.ts'
import type { Report } from './lib/report.ts'
import { median, round } from './lib/statistics.ts'

const warmStarts = 3

export async function start(): Promise<Report> {
  const { dataDir, remove } = await makeDataDir()
  try {
    const first = await startOnce(dataDir)
    const warm: number[] = []
    for (let at = 0; at < warmStarts; at++) warm.push(await startOnce(dataDir))
    const figure = median(warm)
    return {
      title: 'Warm start',
      about: [
        'From `npm start` in a shell, through the checks of the dependencies and the console, PostgreSQL and migrations, to the first answered request; dependencies installed, on a data directory that was started before. The median of three.',
      ],
      findings: [
        {
          what: 'warm npm start to the first answer',
          target: '≤ 3 s',
          figure: `${round(figure)} s`,
          met: figure <= 3,
        },
      ],
      tables: [
        {
          title: 'Seconds',
          columns: ['new data directory', ...warm.map((_, at) => `warm ${at + 1}`)],
          rows: [[round(first), ...warm.map(round)]],
        },
      ],
    }
  } finally {
    await remove()
  }
}

/** Starts as a person does and ends it as Ctrl-C does. Returns the seconds to the first answer. */
async function startOnce(dataDir: string): Promise<number> {
  const port = await freePort()
  const from = performance.now()
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: { ...process.env, BERTH_PORT: String(port), BERTH_DATA_DIR: dataDir },
    stdio: 'ignore',
    detached: true, // a process group of its own, for the signal
  })
  const exited = once(child, 'exit')
  try {
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`)
      if (performance.now() - from > 120_000) throw new Error('npm start does not answer')
      await sleep(10)
    }
    const seconds = (performance.now() - from) / 1000
    await sleep(2000) // it answers before all of its parts have started
    return seconds
  } finally {
    process.kill(-child.pid!, 'SIGINT')
    await exited
    while (await answers(port)) await sleep(50)
    await sleep(1000) // PostgreSQL ends last
  }
}

async function answers(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/healthz`).then(
    (response) => response.ok,
    () => false,
  )
}
