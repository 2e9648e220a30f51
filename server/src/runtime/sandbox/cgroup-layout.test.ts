/** The look of hosts that this machine is not: folders that hold the kernel's files. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findCgroups } from './cgroup-layout.ts'
import { createCgroup } from './cgroup.ts'

let top: string
beforeEach(() => (top = mkdtempSync(join(tmpdir(), 'berth-cgroup-'))))
afterEach(() => rmSync(top, { recursive: true, force: true }))

function files(entries: Record<string, string>): void {
  for (const [name, text] of Object.entries(entries)) {
    mkdirSync(dirname(join(top, name)), { recursive: true })
    writeFileSync(join(top, name), text)
  }
}

const mount = (type: string, folder: string, options: string, root = '/') =>
  `31 23 0:28 ${root} ${folder} rw,relatime shared:9 - ${type} ${type} ${options}\n`

const find = (mountinfo: string, membership: string, mayMove = () => false) =>
  findCgroups({ mountinfo, membership, mayMove })

it('uses our own group where controllers are already handed on', () => {
  files({
    'a/own/cgroup.procs': '',
    'a/own/cgroup.controllers': 'cpu memory pids\n',
    'a/own/cgroup.subtree_control': 'cpu memory pids\n',
  })
  expect(find(mount('cgroup2', top, 'rw'), '0::/a/own\n')).toEqual({
    v1: {},
    v2: { base: join(top, 'a/own'), controllers: ['memory', 'pids', 'cpu'] },
  })
})

it('climbs to the nearest group that hands memory on', () => {
  files({
    'user/cgroup.procs': '',
    'user/cgroup.controllers': 'memory pids\n',
    'user/cgroup.subtree_control': 'memory pids\n',
    'user/own/cgroup.procs': '',
    'user/own/cgroup.controllers': '',
    'user/own/cgroup.subtree_control': '',
  })
  expect(find(mount('cgroup2', top, 'rw'), '0::/user/own\n').v2).toEqual({
    base: join(top, 'user'),
    controllers: ['memory', 'pids'],
  })
})

it('moves its own processes, and nobody else’s, into a leaf before it hands controllers on', () => {
  files({ 'own/cgroup.procs': '41\n42\n', 'own/cgroup.controllers': 'memory\n' })
  // A folder in its place refuses the write, as the kernel does while the group has processes.
  mkdirSync(join(top, 'own/cgroup.subtree_control'))
  const asked: number[][] = []
  const mayMove = (answer: boolean) => (pids: number[]) => asked.push(pids) > 0 && answer
  findCgroups({ mountinfo: mount('cgroup2', top, 'rw'), membership: '0::/own\n', mayMove: mayMove(false) })
  expect(existsSync(join(top, 'own/berth-runner'))).toBe(false)
  findCgroups({ mountinfo: mount('cgroup2', top, 'rw'), membership: '0::/own\n', mayMove: mayMove(true) })
  expect(asked).toEqual([
    [41, 42],
    [41, 42],
  ])
  expect(readFileSync(join(top, 'own/berth-runner/cgroup.procs'), 'utf8')).toBe('42')
})

it('uses version 1 controllers from the top, or from our own group where its memory is limited', () => {
  files({
    'memory/cgroup.procs': '',
    'memory/own/cgroup.procs': '',
    'memory/own/memory.limit_in_bytes': '9223372036854771712\n',
    'cpu/cgroup.procs': '',
  })
  const mounts =
    mount('cgroup', join(top, 'memory'), 'rw,memory') + mount('cgroup', join(top, 'cpu'), 'rw,cpu,cpuacct')
  const membership = '3:memory:/own\n2:cpu,cpuacct:/\n'
  const free = find(mounts, membership)
  expect(free.v1).toEqual({ memory: join(top, 'memory'), cpu: join(top, 'cpu'), cpuacct: join(top, 'cpu') })
  files({ 'memory/own/memory.limit_in_bytes': '1073741824\n' })
  expect(find(mounts, membership).v1.memory).toBe(join(top, 'memory/own'))
})

it('finds our group in a container, which sees a part of the tree', () => {
  files({ 'cgroup.procs': '', 'cgroup.controllers': 'memory\n', 'cgroup.subtree_control': 'memory\n' })
  const found = find(mount('cgroup2', top, 'rw', '/docker/abc'), '0::/docker/abc\n')
  expect(found.v2?.base).toBe(top)
})

it('finds nothing where nothing may be written', () => {
  expect(find(mount('cgroup2', join(top, 'absent'), 'rw'), '0::/\n')).toEqual({ v1: {}, v2: null })
  expect(find('', '')).toEqual({ v1: {}, v2: null })
})

it('writes and reads the files of version 2', () => {
  const layout = {
    v1: {},
    v2: { base: top, controllers: ['memory' as const, 'pids' as const, 'cpu' as const] },
  }
  files({ 'g/memory.swap.max': 'max', 'g/memory.oom.group': '0', 'g/cgroup.procs': '' })
  const group = createCgroup(layout, 'g', { memoryMb: 64, pids: 32, cpus: 1.5 })!
  expect(group.levels).toEqual({ memory: 'cgroup-v2', pids: 'cgroup-v2', cpu: 'cgroup-v2' })
  const read = (name: string) => readFileSync(join(top, 'g', name), 'utf8')
  expect(read('memory.max')).toBe(String(64 * 1024 * 1024))
  expect([read('memory.swap.max'), read('memory.oom.group')]).toEqual([expect.stringMatching(/^0/), '1'])
  expect([read('pids.max'), read('cpu.max')]).toEqual(['32', '150000 100000'])
  group.setCpus(0.5)
  expect(read('cpu.max')).toBe('50000 100000')
  files({
    'g/memory.current': '5000\n',
    'g/memory.stat': 'anon 3000\ninactive_file 2000\n',
    'g/cpu.stat': 'usage_usec 2500000\nuser_usec 1\n',
    'g/pids.current': '7\n',
    'g/memory.events': 'low 0\noom 3\noom_kill 2\noom_group_kill 1\n',
  })
  expect(group.usage()).toEqual({ memoryBytes: 3000, cpuSeconds: 2.5, pids: 7 })
  expect(group.oomKills()).toBe(2)
})
