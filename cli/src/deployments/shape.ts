import { readFileSync } from 'node:fs'
import type { Deployment } from '@berth/contracts'
import type { Command } from 'commander'
import { jsonObject, pairs, positiveNumber, several, wholeNumber } from '../core/command.ts'
import { UsageError, whyUnreadable } from '../core/errors.ts'

/** The options that give a deployment its configuration, secrets and limits. */
export interface ShapeOptions {
  config?: string[]
  configFile?: string
  secret?: string[]
  memoryMb?: number
  pids?: number
  cpus?: number
}

export const whichDeployment = ['<deployment>', 'id, name, or workspace/name'] as const

/** Adds those options to a command. */
export function withShape(command: Command): Command {
  return command
    .option(
      '--config <name=value>',
      'a configuration value, read as JSON when it is JSON (repeatable)',
      several,
    )
    .option('--config-file <file>', 'the configuration as a JSON file')
    .option('--secret <name=secret>', 'a secret of the server = the name of one in the workspace', several)
    .option('--memory-mb <n>', 'memory limit', wholeNumber(32, 65_536))
    .option('--pids <n>', 'process limit', wholeNumber(8, 4096))
    .option('--cpus <n>', 'processor limit', positiveNumber)
}

/** What those options say; a part that was not given is undefined. */
export function shapeOf(options: ShapeOptions) {
  const { memoryMb, pids, cpus } = options
  const limits = { memoryMb, pids, cpus }
  return {
    config: configOf(options),
    secrets: options.secret && secretsOf(options.secret),
    limits: Object.values(limits).some((limit) => limit !== undefined) ? limits : undefined,
  }
}

function configOf(options: ShapeOptions): Record<string, unknown> | undefined {
  if (options.configFile === undefined && !options.config) return undefined
  const fromFile = options.configFile === undefined ? {} : readConfig(options.configFile)
  const given = Object.entries(pairs(options.config ?? [], '--config'))
  return { ...fromFile, ...Object.fromEntries(given.map(([name, text]) => [name, valueOf(text)])) }
}

function readConfig(path: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`The configuration ${path} cannot be read: ${whyUnreadable(error)}.`)
  }
  return jsonObject(text, `The configuration in ${path}`)
}

/** `NAME=secret`, or `NAME` alone for a secret of the same name. */
function secretsOf(given: string[]): Record<string, string> {
  return pairs(
    given.map((one) => (one.includes('=') ? one : `${one}=${one}`)),
    '--secret',
  )
}

/** A value from the command line: JSON where it is JSON, else the text itself. */
export function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** How a deployment is named in what is said about it. */
export function nameOf(deployment: Pick<Deployment, 'name' | 'id'>): string {
  return `${deployment.name} (${deployment.id})`
}
