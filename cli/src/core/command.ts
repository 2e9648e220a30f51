import { Command, InvalidArgumentError } from 'commander'
import { contextOf, type Context } from './context.ts'
import { UsageError } from './errors.ts'

/**
 * Gives a command its work: `work` receives the context, the command's own options, and its arguments in order.
 * Every verb is bound with this, so that all of them find the same context.
 */
export function does<O extends object, A extends (string | string[] | number | undefined)[]>(
  command: Command,
  work: (context: Context, options: O, ...operands: A) => Promise<void> | void,
): Command {
  return command.action(async (...given: unknown[]) => {
    const operands = given.slice(0, command.registeredArguments.length) as A
    await work(contextOf(command), command.opts<O>(), ...operands)
  })
}

/** A noun: a command that holds verbs and does nothing by itself. */
export function noun(name: string, description: string, verbs: Command[]): Command {
  const command = new Command(name).description(description)
  for (const verb of verbs) command.addCommand(verb)
  return command
}

/** Parses an option's value as a whole number within bounds. */
export function wholeNumber(from: number, to: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= from && number <= to) return number
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`)
  }
}

/** Parses an option's value as a positive number. */
export function positiveNumber(value: string): number {
  const number = Number(value)
  if (value.trim() !== '' && Number.isFinite(number) && number > 0) return number
  throw new InvalidArgumentError('It must be a positive number.')
}

/** Gathers the values of an option that may be given several times. */
export function several(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}

/** Splits `name=value` pairs. */
export function pairs(given: readonly string[], what: string): Record<string, string> {
  const result: Record<string, string> = {}
  for (const one of given) {
    const at = one.indexOf('=')
    if (at < 1) throw new UsageError(`${what} must be given as name=value, not "${one}".`)
    result[one.slice(0, at)] = one.slice(at + 1)
  }
  return result
}

/** Parses a JSON object from the command line or a file. */
export function jsonObject(text: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${what} is not valid JSON: ${(error as Error).message}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new UsageError(`${what} must be a JSON object.`)
}
