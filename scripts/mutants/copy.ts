/** A copy of the checkout to spoil: the checkout itself is never touched. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Copies what git knows or would add, as it stands now; what is installed is linked. Returns the folder. */
export function copyCheckout(root: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-mutants-'))
  const listed = execFileSync('git', ['ls-files', '-coz', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(root, file), join(folder, file), { verbatimSymlinks: true })
  }
  linkInstalled(root, folder)
  return folder
}

/** Every package is linked by itself, so that those of the workspaces are the copy's own. */
function linkInstalled(root: string, folder: string): void {
  const target = join(folder, 'node_modules')
  mkdirSync(target)
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@berth') symlinkSync(join(root, 'node_modules', name), join(target, name))
  }
  mkdirSync(join(target, '@berth'))
  for (const workspace of ['contracts', 'server', 'console', 'cli', 'e2e', 'bench', 'docs']) {
    symlinkSync(join(folder, workspace), join(target, '@berth', workspace))
    const own = join(root, workspace, 'node_modules')
    if (existsSync(own)) symlinkSync(own, join(folder, workspace, 'node_modules'))
  }
}
