// Runs first inside a sandbox whose release declares egress hosts, and then becomes the server.
//
// A listening socket belongs to the network namespace it was opened in, whoever holds it. So this opens one on the
// sandbox's own loopback, hands it to the runner (whose allow-list proxy accepts on it), receives the command, and
// replaces itself: no process, port or channel of ours stays behind.
import { accessSync, constants } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const listener = createServer()
listener.listen(0, '127.0.0.1', () => process.send({ port: listener.address().port }, listener))

process.once('message', ({ command, env }) => {
  listener.close()
  process.disconnect()
  const file = find(command[0], env.PATH)
  if (file === undefined) {
    process.stderr.write(`${command[0]}: no such program in the sandbox\n`)
    process.exit(127)
  }
  process.execve(file, command, env)
})

function find(name, path) {
  const places = name.includes('/') ? [name] : path.split(':').map((folder) => join(folder, name))
  return places.find(executable)
}

function executable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
