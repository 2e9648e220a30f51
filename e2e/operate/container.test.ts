/** The image of deploy/Containerfile: built, started, used, stopped and started again, where the machine can. */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest'
import { parse } from 'yaml'
import { say } from '../../scripts/setup/process.mjs'
import { settings } from '../../server/src/platform/config.ts'
import { Mcpctl } from '../cli/support.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/port.ts'
import { Engine, Missing, outcomeOf } from './container/engine.ts'
import { repository } from './support.ts'

const name = `berth-test-${randomUUID().slice(0, 8)}`
const minutes = 60_000
const certificatesInside = '/run/secrets/ca'

interface State {
  Running: boolean
  ExitCode: number
  OOMKilled: boolean
  Health?: { Status: string }
}

let engine: Engine
let missing: string | undefined
let port: number
let cli: Mcpctl

beforeAll(async () => {
  try {
    engine = await Engine.find()
    const base = await engine.base()
    await engine.prepareToRun(base)
    await build(base)
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    missing = error.message
    say(`the container image is not tested. ${missing}`)
  }
  port = await freePort()
  cli = new Mcpctl(`http://127.0.0.1:${port}`)
}, 40 * minutes)

afterAll(async () => {
  await cli.close()
  if (missing) return
  await engine.outcome('rm', '--force', name)
  await engine.outcome('volume', 'rm', name)
  await engine.outcome('rmi', name)
}, 2 * minutes)

/** What npm is told on this machine, inside the image as well: which registry, and whose certificates to trust. */
async function npmHere(): Promise<{ registry: string; certificates: string | undefined }> {
  const asked = async (key: string): Promise<string> =>
    (await outcomeOf('npm', ['config', 'get', key, '--loglevel=silent'])).stdout.trim()
  const files = [await asked('cafile'), process.env['NODE_EXTRA_CA_CERTS']]
  return { registry: await asked('registry'), certificates: files.find((file) => file && existsSync(file)) }
}

async function build(base: string): Promise<void> {
  const { registry, certificates } = await npmHere()
  const built = await engine.outcome(
    'build',
    `--file=${path.join(repository, 'deploy/Containerfile')}`,
    `--tag=${name}`,
    `--build-arg=BASE=${base}`,
    '--network=host',
    // Podman's own format knows no health check. Building needs no more of the machine than chroot, and leaves no layers behind.
    ...(engine.name === 'podman' ? ['--format=docker', '--isolation=chroot', '--layers=false'] : []),
    ...(registry ? [`--build-arg=NPM_CONFIG_REGISTRY=${registry}`] : []),
    ...(certificates
      ? [`--secret=id=ca,src=${certificates}`, `--build-arg=NODE_EXTRA_CA_CERTS=${certificatesInside}`]
      : []),
    repository,
  )
  if (built.code === 0) return
  const output = built.stdout + built.stderr
  const fault = unreachable.exec(output)
  if (fault)
    throw new Missing(`What the image is made of cannot be fetched from inside the build: ${fault[0]}`)
  throw new Error(`${engine.name} build ended with ${built.code}:\n${output}`)
}

/** How npm, apt and the engine say that the network, and not the Containerfile, is in the way. */
const unreachable =
  /^.*(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|Temporary failure resolving|Could not connect to|Unable to connect to).*$/m

/** Starts a container from the image as deploy/compose.yaml does, on the test's volume. */
async function start(): Promise<void> {
  const { registry, certificates } = await npmHere()
  const service = compose().services.berth
  await engine.run(
    '--detach',
    `--name=${name}`,
    `--publish=127.0.0.1:${port}:7070`,
    `--volume=${name}:/var/lib/berth/data`,
    ...service.cap_drop.map((capability) => `--cap-drop=${capability}`),
    ...service.security_opt.map((option) => `--security-opt=${option}`),
    `--env=BERTH_PUBLIC_URL=http://127.0.0.1:${port}`,
    ...(registry ? [`--env=NPM_CONFIG_REGISTRY=${registry}`] : []),
    ...(certificates
      ? [
          `--volume=${certificates}:${certificatesInside}:ro`,
          '--env',
          `NODE_EXTRA_CA_CERTS=${certificatesInside}`,
        ]
      : []),
    name,
  )
  await eventually('the health check finds it healthy', async () => {
    // Podman leaves it to systemd to look at times; where there is none, somebody else has to.
    if (engine.name === 'podman') await engine.outcome('healthcheck', 'run', name)
    const { Health, Running } = await state()
    if (!Running) throw new Error(`it ended: ${await logs()}`)
    return Health?.Status === 'healthy' ? true : null
  })
}

const state = async (): Promise<State> =>
  JSON.parse(await engine.does('inspect', '--format', '{{json .State}}', name)) as State

async function logs(): Promise<string> {
  const { stdout, stderr } = await engine.outcome('logs', name)
  return stdout + stderr
}

interface Compose {
  services: {
    berth: {
      environment: Record<string, string>
      ports: string[]
      volumes: string[]
      cap_drop: string[]
      security_opt: string[]
      stop_grace_period: string
    }
  }
}

const compose = (): Compose =>
  parse(readFileSync(path.join(repository, 'deploy/compose.yaml'), 'utf8')) as Compose

const needsContainers = ({ skip }: TestContext): void => {
  if (missing) skip(missing)
}

test(
  'the image turns healthy, and somebody signs up over its port and calls a server',
  async (context) => {
    needsContainers(context)
    await engine.does('volume', 'create', name)
    await start()
    const setUpCode = /Set-up code\s+(\S+)/.exec(await logs())?.[1]
    expect(setUpCode, 'who starts it reads the set-up code in its log').toBeDefined()
    expect((await cli.run(['quickstart'])).stderr).toContain('Set BERTH_SETUP_CODE')
    const { code, stdout, stderr } = await cli.run(['quickstart'], { env: { BERTH_SETUP_CODE: setUpCode! } })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).toContain('Echo: Hello from behind Berth')
  },
  5 * minutes,
)

test('it runs as a user that is not root and cannot write the program', async (context) => {
  needsContainers(context)
  expect(await engine.does('exec', name, 'id', '--user', '--name')).toBe('berth')
  const status = await engine.does('exec', name, 'cat', '/proc/1/status')
  expect(status).toMatch(/^Uid:\t7070\t7070\t7070\t7070$/m)
  expect(status).toMatch(/^CapBnd:\t0+$/m)
  for (const place of ['/opt/berth', '/opt/berth/server/src/main.ts', '/usr/bin'])
    expect((await engine.outcome('exec', name, 'test', '-w', place)).code, place).toBe(1)
})

test(
  'SIGTERM ends it in order and in time, and a new container on its volume has everything',
  async (context) => {
    needsContainers(context)
    const patience = String(Number.parseInt(compose().services.berth.stop_grace_period))
    await engine.does('stop', '--time', patience, name)
    expect(await state()).toMatchObject({ Running: false, ExitCode: 0, OOMKilled: false })
    await engine.does('rm', name)
    await start()
    await eventually('the server is launched again, and answers who is still signed in', async () => {
      const { stdout } = await cli.run(['deployments', 'call', 'everything', 'echo', 'message=still here'])
      return stdout.includes('Echo: still here') ? true : null
    })
    expect(await logs(), 'the operator is known').not.toContain('Set-up code')
  },
  5 * minutes,
)

test('the version of the image is that of the checkout', async (context) => {
  needsContainers(context)
  const { version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
    version: string
  }
  expect(await engine.run('--rm', name, '--version')).toBe(`berth ${version}`)
})

test('compose.yaml names settings that Berth has, and the port and folder of the image', () => {
  const { environment, ports, volumes } = compose().services.berth
  expect(settings.map((one) => one.name)).toEqual(expect.arrayContaining(Object.keys(environment)))
  const image = readFileSync(path.join(repository, 'deploy/Containerfile'), 'utf8')
  const inImage = (instruction: string) => new RegExp(`^${instruction} (.+)$`, 'm').exec(image)?.[1]
  expect(ports.map((one) => one.split(':').at(-1))).toEqual([inImage('EXPOSE')])
  expect(volumes.map((one) => one.split(':').at(-1))).toEqual([inImage('VOLUME')])
})
