/** What runs containers on this machine, for the test of the image. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { which } from '../../../scripts/setup/process.mjs'

/** Why the image cannot be tried on this machine: a sentence. */
export class Missing extends Error {}

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

const hours = 60 * 60_000
const distribution = 'docker.io/library/debian:trixie-slim'
/** Stays for the next run, as an image that was pulled would. */
const ownBase = 'localhost/berth-test-base'

/** Runs a program to its end. */
export async function outcomeOf(program: string, args: string[]): Promise<Outcome> {
  try {
    const limits = { timeout: hours, maxBuffer: 64 * 1024 * 1024 }
    return { code: 0, ...(await promisify(execFile)(program, args, limits)) }
  } catch (error) {
    const { code, stdout = '', stderr = String(error) } = error as Partial<Outcome>
    return { code: typeof code === 'number' ? code : -1, stdout, stderr }
  }
}

export const lastLine = ({ stdout, stderr }: Outcome): string =>
  (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? ''

/** Where this machine's own packages come from. */
async function mirror(): Promise<string> {
  const { stdout } = await outcomeOf('apt-get', ['indextargets', '--format', '$(SITE)'])
  const own = stdout.split('\n').find((site) => /\/debian\/?$/.test(site))
  return own ?? 'http://deb.debian.org/debian'
}

/** Podman, or a Docker whose daemon answers. */
export class Engine {
  readonly name: 'podman' | 'docker'
  /** How it starts containers on this machine. */
  private running = ['run']

  private constructor(name: 'podman' | 'docker') {
    this.name = name
  }

  /** The engine of this machine. Fails with what is missing when there is none. */
  static async find(): Promise<Engine> {
    if (which('docker') && (await outcomeOf('docker', ['version'])).code === 0) return new Engine('docker')
    if (which('podman')) return new Engine('podman')
    throw new Missing(
      'There is no container engine: install podman (sudo apt-get install podman), or start the Docker daemon.',
    )
  }

  outcome(...args: string[]): Promise<Outcome> {
    return outcomeOf(this.name, args)
  }

  /** Does what must succeed; its output. */
  async does(...args: string[]): Promise<string> {
    const outcome = await this.outcome(...args)
    if (outcome.code !== 0)
      throw new Error(
        `${this.name} ${args.join(' ')} ended with ${outcome.code}:\n${outcome.stdout}${outcome.stderr}`,
      )
    return outcome.stdout.trim()
  }

  run(...args: string[]): Promise<string> {
    return this.does(...this.running, ...args)
  }

  /** An image to build on: Debian's own, or where no registry can be reached one made from Debian's packages. */
  async base(): Promise<string> {
    const pulled = await this.outcome('pull', '--quiet', distribution)
    if (pulled.code === 0) return distribution
    if ((await this.outcome('image', 'inspect', ownBase)).code !== 0)
      await this.makeBase(`${distribution} cannot be had (${lastLine(pulled)})`)
    return ownBase
  }

  private async makeBase(why: string): Promise<void> {
    const debootstrap = process.getuid?.() === 0 ? which('debootstrap') : null
    if (!debootstrap)
      throw new Missing(`${why}, and only root with debootstrap installed can make a base image.`)
    const folder = mkdtempSync(path.join(tmpdir(), 'berth-base-'))
    try {
      const packages = ['--variant=minbase', '--include=ca-certificates', 'trixie']
      const made = await outcomeOf(debootstrap, [...packages, folder, await mirror()])
      if (made.code !== 0) throw new Missing(`${why}, and debootstrap makes none either: ${lastLine(made)}`)
      const tar = spawn('tar', ['--create', '--directory', folder, '.'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const engine = spawn(this.name, ['import', '-', ownBase], { stdio: ['pipe', 'ignore', 'inherit'] })
      tar.stdout.pipe(engine.stdin)
      const [code] = (await once(engine, 'exit')) as [number | null]
      if (code !== 0) throw new Error(`${this.name} import ended with ${code}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  /** Finds out how containers can be started here. Fails with the engine's words when they cannot. */
  async prepareToRun(image: string): Promise<void> {
    // Podman raises limits beyond what a process without CAP_SYS_RESOURCE may, and crun does not know every way of
    // mounting control groups.
    const limits = ['--ulimit=nofile=4096:4096', '--ulimit=nproc=4096:4096']
    const ways = [['run'], ['run', ...limits], ['--runtime=runc', 'run', ...limits]]
    let last = ''
    for (const way of this.name === 'docker' ? ways.slice(0, 1) : ways) {
      const tried = await this.outcome(...way, '--rm', '--publish=127.0.0.1::7070', image, 'true')
      if (tried.code === 0) {
        this.running = way
        return
      }
      last = lastLine(tried)
    }
    throw new Missing(`${this.name} cannot start a container on this machine: ${last}`)
  }
}
