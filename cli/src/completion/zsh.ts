import type { CommandNode } from './tree.ts'

/** A completion script for zsh. */
export function zshScript(nodes: CommandNode[]): string {
  return `#compdef mcpctl
# zsh completion for mcpctl
_mcpctl() {
  local path="" i
  local -a entries
  for ((i = 2; i < CURRENT; i++)); do
    case "$path $words[i]" in
      ${deeper(nodes)}) path="$path $words[i]" ;;
    esac
  done
  case "$path $words[CURRENT-1]" in
${values(nodes)}
  esac
  case "$path" in
${nodes.map(branch).join('\n')}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _mcpctl "$@"
else
  compdef _mcpctl mcpctl
fi
`
}

const pathOf = (node: CommandNode) => node.path.map((name) => ` ${name}`).join('')
const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
/** `name:description` for _describe; a colon in the name would end it. */
const entry = (name: string, description: string) => quote(`${name.replaceAll(':', '\\:')}:${description}`)

function deeper(nodes: CommandNode[]): string {
  return nodes
    .filter((node) => node.path.length > 0)
    .map((node) => `"${pathOf(node)}"`)
    .join('|')
}

function values(nodes: CommandNode[]): string {
  return nodes
    .flatMap((node) =>
      node.options
        .filter((option) => option.takesValue)
        .map((option) => {
          const patterns = option.flags.map((flag) => `"${pathOf(node)} ${flag}"`).join('|')
          const offer =
            option.choices.length > 0 ? `compadd -- ${option.choices.map(quote).join(' ')}` : '_files'
          return `    ${patterns}) ${offer}; return ;;`
        }),
    )
    .join('\n')
}

function branch(node: CommandNode): string {
  const flags = node.options.flatMap((option) => option.flags.map((flag) => entry(flag, option.description)))
  const words = [
    ...node.commands.map((one) => entry(one.name, one.description)),
    ...node.choices.map((choice) => entry(choice, '')),
  ]
  return `    "${pathOf(node)}")
      if [[ $PREFIX == -* ]]; then entries=(${flags.join(' ')}); else entries=(${words.join(' ')}); fi
      (( $#entries )) && _describe mcpctl entries || _files ;;`
}
