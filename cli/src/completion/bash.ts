import type { CommandNode } from './tree.ts'

/** A completion script for bash 3.2 and later: no associative arrays, no helper functions of other packages. */
export function bashScript(nodes: CommandNode[]): string {
  return `# bash completion for mcpctl
_mcpctl() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} path="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
${knownPaths(nodes)}
    esac
  done
  case "$path $before" in
${valuesOf(nodes)}
  esac
  case "$path" in
${nodes.map(wordsOf).join('\n')}
  esac
}
complete -o default -F _mcpctl mcpctl
`
}

const pathOf = (node: CommandNode) => node.path.map((name) => ` ${name}`).join('')

/** Words that go deeper into the tree; anything else (options, arguments) leaves the path as it is. */
function knownPaths(nodes: CommandNode[]): string {
  const paths = nodes.filter((node) => node.path.length > 0).map((node) => `"${pathOf(node)}"`)
  return `      ${paths.join('|')}) path="$path \${COMP_WORDS[i]}" ;;`
}

/** What may follow an option: its choices, or a file. */
function valuesOf(nodes: CommandNode[]): string {
  return nodes
    .flatMap((node) =>
      node.options
        .filter((option) => option.takesValue)
        .map((option) => {
          const patterns = option.flags.map((flag) => `"${pathOf(node)} ${flag}"`).join('|')
          return `    ${patterns}) ${reply(option.choices)} return ;;`
        }),
    )
    .join('\n')
}

function wordsOf(node: CommandNode): string {
  const flags = node.options.flatMap((option) => option.flags)
  const words = [...node.commands.map((command) => command.name), ...node.choices]
  return `    "${pathOf(node)}")
      if [[ $word == -* ]]; then ${reply(flags)} else ${reply(words)} fi ;;`
}

function reply(words: readonly string[]): string {
  return words.length === 0 ? 'COMPREPLY=();' : `COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$word"));`
}
