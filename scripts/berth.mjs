#!/usr/bin/env node
// The first step of every command of a checkout: `npm start`, `npm test` and so on, and of ./mcpctl. It runs on the
// machine's own Node without any dependency, installs what is missing and hands over to the pinned Node.
//
// Plain JavaScript, and nothing imported before the version check: an old Node must get as far as the sentence.
const needed = 20

if (Number(process.versions.node.split('.')[0]) < needed) {
  console.error(`Berth needs Node ${needed} or newer to install itself; this is ${process.version}.`)
  process.exit(1)
}

void import('./commands.mjs').then(({ main }) => main(process.argv.slice(2)))
