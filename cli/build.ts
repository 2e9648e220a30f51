/** Makes the npm package mcpctl: one JavaScript file without dependencies. `build.ts [folder]`; default: cli/dist. */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { rolldown } from 'rolldown'
import packageJson from './package.json' with { type: 'json' }

const here = import.meta.dirname
const folder = path.resolve(process.argv[2] ?? path.join(here, 'dist'))

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
keepLicenses(await bundle())
describePackage()
console.log(`mcpctl ${packageJson.version} is in ${folder}.`)

/** Writes the one file; the modules that are in it. */
async function bundle(): Promise<string[]> {
  const build = await rolldown({ input: path.join(here, 'src/main.ts'), platform: 'node' })
  const file = path.join(folder, 'mcpctl.js')
  const { output } = await build.write({ file, format: 'esm', codeSplitting: false })
  await build.close()
  if (output.length !== 1) throw new Error(`It became ${output.length} files instead of one.`)
  chmodSync(file, 0o755)
  return output[0].moduleIds
}

/** The licences of the libraries in the file go with it, as they demand. */
function keepLicenses(modules: string[]): void {
  const packages = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id) ?? [])
  const texts = [...new Set(packages)].toSorted().map((library) => {
    const license = readdirSync(library).find((name) => /^licen[cs]e/i.test(name))
    if (!license) throw new Error(`${library} has no licence file.`)
    const { name, version } = JSON.parse(
      readFileSync(path.join(library, 'package.json'), 'utf8'),
    ) as typeof packageJson
    return `${name} ${version}\n\n${readFileSync(path.join(library, license), 'utf8').trim()}\n`
  })
  writeFileSync(path.join(folder, 'LICENSES-OF-LIBRARIES.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`))
}

function describePackage(): void {
  const { name, version, license } = packageJson
  const description = {
    name,
    version,
    description: 'The command line of Berth, which runs third-party MCP servers under governance.',
    license,
    type: 'module',
    bin: { mcpctl: 'mcpctl.js' },
    files: ['mcpctl.js', 'LICENSES-OF-LIBRARIES.txt'],
    engines: { node: '>=20' },
  }
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(description, null, 2)}\n`)
  copyFileSync(path.join(here, 'README.md'), path.join(folder, 'README.md'))
  copyFileSync(path.join(here, '../LICENSE'), path.join(folder, 'LICENSE'))
}
