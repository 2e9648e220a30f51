import { Argument, Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { treeOf } from './tree.ts'
import { zshScript } from './zsh.ts'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }

/** `mcpctl completion`: a script for the shell, made from the commands themselves. */
export function completionCommand(): Command {
  const command = new Command('completion')
    .description('Print a completion script for your shell')
    .addArgument(new Argument('<shell>').choices(Object.keys(scripts)))
    .addHelpText('after', installation)
  return command.action((shell: keyof typeof scripts) => {
    const root = command.parent
    if (!root) throw new UsageError('There is nothing to complete.')
    process.stdout.write(scripts[shell](treeOf(root)))
  })
}

const installation = `
To install:
  bash  mcpctl completion bash > ~/.local/share/bash-completion/completions/mcpctl
  zsh   mcpctl completion zsh > "\${fpath[1]}/_mcpctl"
  fish  mcpctl completion fish > ~/.config/fish/completions/mcpctl.fish`
