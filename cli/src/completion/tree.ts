import type { Command } from 'commander'

/** An option as completion needs it. */
export interface OptionNode {
  /** `--long`, and `-s` where it has one. */
  flags: string[]
  description: string
  takesValue: boolean
  choices: readonly string[]
}

/** A command as completion needs it; `path` is what was typed to get there, the program's name left out. */
export interface CommandNode {
  path: string[]
  description: string
  commands: { name: string; description: string }[]
  options: OptionNode[]
  /** What its first argument may be, where that is a closed list. */
  choices: readonly string[]
}

/** Every command of the program, the root first, each with the options it takes including the global ones. */
export function treeOf(root: Command): CommandNode[] {
  return nodesBelow(root, [], optionsOf(root))
}

function nodesBelow(command: Command, path: string[], globals: OptionNode[]): CommandNode[] {
  const own = path.length === 0 ? [] : optionsOf(command)
  const node: CommandNode = {
    path,
    description: command.description(),
    commands: command.commands.map((one) => ({ name: one.name(), description: one.description() })),
    options: [...own, ...globals],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  }
  return [node, ...command.commands.flatMap((one) => nodesBelow(one, [...path, one.name()], globals))]
}

function optionsOf(command: Command): OptionNode[] {
  const help: OptionNode = {
    flags: ['--help', '-h'],
    description: 'show help',
    takesValue: false,
    choices: [],
  }
  const own = command.options
    .filter((option) => !option.hidden)
    .map((option) => ({
      flags: [option.long, option.short].filter((flag) => flag !== undefined && flag !== null),
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    }))
  return command.parent ? own : [...own, help]
}
