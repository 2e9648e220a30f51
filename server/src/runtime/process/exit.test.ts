import { expect, it } from 'vitest'
import { summarizeExit, type ExitFacts } from './exit.ts'

const facts: ExitFacts = {
  code: 0,
  signal: null,
  sandboxed: true,
  oomKills: 0,
  memoryMb: 256,
  killedFor: null,
  stopped: false,
  stderrTail: [],
}

it.each<[string, Partial<ExitFacts>, object]>([
  ['a code', { code: 3 }, { code: 3, signal: null, oom: false, reason: 'exited with code 3' }],
  ['a signal', { code: null, signal: 'SIGSEGV' }, { signal: 'SIGSEGV', reason: 'was killed by SIGSEGV' }],
  ['a signal that bubblewrap passes on', { code: 139 }, { code: null, signal: 'SIGSEGV' }],
  ['a code over 128 without a sandbox', { code: 139, sandboxed: false }, { code: 139, signal: null }],
  [
    'a kill for memory',
    { code: 137, oomKills: 1 },
    { oom: true, reason: 'ran out of memory (limit 256 MB)' },
  ],
  [
    'a full JavaScript heap',
    { code: 134, stderrTail: ['FATAL: JavaScript heap out of memory'] },
    { oom: true },
  ],
  ['a good end after a child was killed for memory', { code: 0, oomKills: 1 }, { oom: false }],
  ['a stop', { stopped: true }, { oom: false, reason: 'stopped' }],
  [
    'our kill',
    { code: 137, oomKills: 1, killedFor: 'wrote too much' },
    { oom: false, reason: 'wrote too much' },
  ],
  [
    'a program that is not there',
    { code: 1, stderrTail: ['bwrap: execvp /app/x: No such file or directory'] },
    { reason: 'could not start: /app/x: No such file or directory' },
  ],
  [
    'a program that prlimit cannot find',
    { code: 127, stderrTail: ['prlimit: failed to execute x: No such file or directory'] },
    { reason: 'could not start: x: No such file or directory' },
  ],
  [
    'a shell that cannot find it',
    { code: 127, stderrTail: ['sh: x: not found'] },
    { reason: 'could not start: sh: x: not found' },
  ],
])('%s is told in one sentence', (_name, part, expected) => {
  expect(summarizeExit({ ...facts, ...part })).toMatchObject(expected)
})
