import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { capabilityFinding, roomFinding } from '@berth/contracts'
import { fault, ok, said, weaker, type Finding } from './finding.ts'

/** The Node that runs mcpctl. */
export function checkNode(version: string): Finding {
  const major = Number(version.split('.')[0])
  if (major >= 20) return ok('node', `This is Node ${version}.`)
  return fault(
    'node',
    `This is Node ${version}; Berth needs 20 or later.`,
    'Install a newer one: https://nodejs.org',
  )
}

/** The data directory: its rights, the secret key's, and the room on its disk. */
export function checkDataDirectory(folder: string, keyInEnvironment: boolean): Finding[] {
  if (!existsSync(folder)) {
    return [
      weaker(
        'data',
        `There is no ${folder} yet; the first start makes it.`,
        'Set BERTH_DATA_DIR if it is elsewhere.',
      ),
      roomIn(nearest(folder)),
    ]
  }
  return [rightsOf(folder), keyOf(folder, keyInEnvironment), roomIn(folder)]
}

function rightsOf(folder: string): Finding {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    return fault('data', `${folder} cannot be written by this user.`, `chown -R "$(id -un)" ${folder}`)
  }
  if ((statSync(folder).mode & 0o022) === 0) return ok('data', `${folder} can be written by its owner alone.`)
  return fault('data', `Others than its owner can write to ${folder}.`, `chmod go-w ${folder}`)
}

function keyOf(folder: string, inEnvironment: boolean): Finding {
  if (inEnvironment) return ok('secret key', 'The secret key comes from BERTH_SECRET_KEY.')
  const file = join(folder, 'secret.key')
  if (!existsSync(file)) {
    return weaker(
      'secret key',
      `There is no ${file} yet; the first start makes it, unless BERTH_SECRET_KEY is set.`,
    )
  }
  if ((statSync(file).mode & 0o077) === 0) return ok('secret key', `${file} can be read by its owner alone.`)
  return fault('secret key', `Others than its owner can read ${file}.`, `chmod 600 ${file}`)
}

/** The closest folder above that is there: on its disk it will be made. */
const nearest = (folder: string): string => (existsSync(folder) ? folder : nearest(dirname(folder)))

function roomIn(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder)
  return said('disk', roomFinding(folder, bavail * bsize))
}

/** Whether the port of a Berth that does not answer is free for it. */
export async function checkPort(host: string, port: number): Promise<Finding> {
  const server = createServer()
  const code = await new Promise<string | undefined>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
  if (code === undefined) return ok('port', `Port ${port} is free for Berth.`)
  const sentence =
    code === 'EADDRINUSE'
      ? `Something else than Berth holds port ${port}.`
      : `Port ${port} cannot be had: ${code}.`
  return fault('port', sentence, 'End what holds it, or give Berth another by BERTH_PORT.')
}

/** What this machine can enforce on servers, tried by the server's own program at `main`. */
export function checkEnforcement(main: string): Promise<Finding[]> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'examine'], { timeout: 30_000 }, (error, stdout) => {
      if (error)
        return resolve([
          weaker(
            'sandbox',
            'What this machine can enforce on servers could not be tried.',
            'Run `npm start` once: it sets up what is missing.',
          ),
        ])
      const told = JSON.parse(stdout) as Parameters<typeof capabilityFinding>[0][]
      resolve(told.map((one) => said(one.name, capabilityFinding(one))))
    })
  })
}

/** Whether the npm registry answers npm as it is set up here. */
export function checkRegistry(timeoutMs: number): Promise<Finding> {
  return new Promise((resolve) => {
    execFile('npm', ['ping', '--fetch-retries=0'], { timeout: timeoutMs }, (error) => {
      if (!error) return resolve(ok('npm registry', 'The npm registry answers.'))
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      const sentence = missing ? 'npm is not installed.' : 'The npm registry does not answer.'
      const remedy = missing
        ? 'Install npm; servers from npm cannot be added without it.'
        : 'Check the network, proxy and `npm config get registry`. Servers that are installed go on working.'
      resolve(fault('npm registry', sentence, remedy))
    })
  })
}

const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The browser that the project's own tests use; nothing to say where there is none. */
export function checkBrowser(path: string = process.env['PATH'] ?? ''): Finding[] {
  for (const folder of path.split(delimiter)) {
    const found = browsers.find((name) => existsSync(join(folder, name)))
    if (found) return [ok('browser', `${join(folder, found)} is there for the tests of the console.`)]
  }
  return []
}
