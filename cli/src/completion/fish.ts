import type { CommandNode, OptionNode } from './tree.ts'

/** A completion script for fish. */
export function fishScript(nodes: CommandNode[]): string {
  return `# fish completion for mcpctl
function __mcpctl_at
  set -l path
  for word in (commandline -opc)[2..-1]
    contains -- "$path $word" ${nodes
      .filter((node) => node.path.length > 0)
      .map(quotedPath)
      .join(' ')}
    and set path "$path $word"
  end
  test "$path" = "$argv[1]"
end
${nodes.flatMap(linesOf).join('\n')}
`
}

const pathOf = (node: CommandNode) => node.path.map((name) => ` ${name}`).join('')
const quotedPath = (node: CommandNode) => quote(pathOf(node))
const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function linesOf(node: CommandNode): string[] {
  const start = `complete -c mcpctl -n ${quote(`__mcpctl_at "${pathOf(node)}"`)}`
  return [
    ...node.commands.map((one) => `${start} -f -a ${one.name} -d ${quote(one.description)}`),
    ...node.choices.map((choice) => `${start} -f -a ${choice}`),
    ...node.options.map((option) => `${start} ${optionText(option)}`),
  ]
}

function optionText(option: OptionNode): string {
  const flags = option.flags.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  )
  const choices = option.choices.length > 0 ? ` -x -a ${quote(option.choices.join(' '))}` : ''
  return `${flags.join(' ')}${option.takesValue ? ' -r' : ''}${choices} -d ${quote(option.description)}`
}
