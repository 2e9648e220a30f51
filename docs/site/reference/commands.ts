import type { Command } from 'commander'
import { createProgram } from '../../../cli/src/program.ts'
import type { Page } from '../pages.ts'
import { code, plain, table } from './table.ts'

const source = 'cli/src/program.ts'

/** A page for mcpctl, and one for each of its commands with all that is below it. */
export function commandPages(): Page[] {
  const program = createProgram()
  return [overview(program), ...program.commands.map(pageOf)]
}

function overview(program: Command): Page {
  const commands = program.commands.map((one) => [
    `[${code(`mcpctl ${one.name()}`)}](../../docs/reference/mcpctl/${one.name()}.md)`,
    plain(one.description()),
  ])
  const body = `
${plain(program.description())} It talks to the public API only: what it does, your own programs can do too. From a checkout it is
\`./mcpctl\`.

${table(['command', 'does'], commands)}

## Options of every command

${optionsTable(program)}

## Exit status

| status | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed; the sentence on stderr says why |
| 2 | wrong usage |
| 3 | not signed in |
| 4 | Berth cannot be reached |

Data goes to stdout, everything else to stderr. With \`--json\` stdout is JSON, for programs.
`
  return {
    slug: 'reference/mcpctl',
    title: 'mcpctl',
    description: 'The command line of Berth.',
    body,
    source,
  }
}

function pageOf(command: Command): Page {
  const name = `mcpctl ${command.name()}`
  return {
    slug: `reference/mcpctl/${command.name()}`,
    title: name,
    description: command.description(),
    body: `\n${describe(command)}${command.commands.map((one) => below(one)).join('')}`,
    source: `cli/src/program.ts#${command.name()}`,
  }
}

function below(command: Command): string {
  return `\n## ${pathOf(command)}\n\n${describe(command)}${command.commands.map((one) => below(one)).join('')}`
}

function describe(command: Command): string {
  const usage =
    command.commands.length === 0 ? `\`\`\`text\n${pathOf(command)} ${command.usage()}\n\`\`\`\n\n` : ''
  const operands = command.registeredArguments
    .filter((one) => one.description)
    .map((one) => [code(one.required ? `<${one.name()}>` : `[${one.name()}]`), plain(one.description)])
  const parts = [
    `${plain(sentence(command.description()))}\n\n`,
    usage,
    operands.length > 0 ? `${table(['argument', 'meaning'], operands)}\n\n` : '',
    command.options.length > 0 ? `${optionsTable(command)}\n` : '',
  ]
  return parts.join('')
}

function optionsTable(command: Command): string {
  const rows = command.options
    .filter((option) => !option.hidden)
    .map((option) => {
      const choices = option.argChoices ? ` One of ${option.argChoices.map(code).join(', ')}.` : ''
      const unset = option.defaultValue
      const known = typeof unset === 'string' || typeof unset === 'number'
      const fallback = known ? ` Default: ${code(String(unset))}.` : ''
      return [code(option.flags), plain(option.description) + choices + fallback]
    })
  return table(['option', 'meaning'], rows)
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

function sentence(text: string): string {
  return /[.!?:]$/.test(text) ? text : `${text}.`
}
