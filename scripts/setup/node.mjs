import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root, Stop } from './process.mjs'

const needed = 24

/**
 * The Node that Berth's programs run on: the pinned one that npm installed for this machine, else this very Node or another
 * on PATH if new enough. Stops with a sentence when there is none.
 */
export function findNode() {
  const pinned = join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`)
  if (existsSync(pinned)) return pinned
  if (Number.parseInt(process.versions.node) >= needed) return process.execPath
  const installed = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path) && majorOf(path) >= needed)
  if (installed) return installed
  throw new Stop(
    `Berth runs on Node ${needed}. It brings one for Linux on x64 and arm64, but not for ${process.platform} on ${process.arch}: ` +
      `install Node ${needed} or newer and run this again (this is ${process.version}).`,
  )
}

function majorOf(path) {
  return Number.parseInt(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.slice(1)) || 0
}
