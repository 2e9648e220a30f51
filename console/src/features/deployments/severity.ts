import type { SurfaceDifference } from '@berth/contracts'
import type { Tone } from '../../ui/Badge.tsx'
import { hides, inertText } from '../../ui/Inert.tsx'

/** How much a difference can do, worst first. */
export type Severity = 'grave' | 'notable' | 'slight'

export const severityMarks: Record<Severity, { tone: Tone; rank: number }> = {
  grave: { tone: 'bad', rank: 0 },
  notable: { tone: 'wait', rank: 1 },
  slight: { tone: 'idle', rank: 2 },
}

export interface Judged {
  severity: Severity
  /** What the difference means for those who use the server. */
  sentences: string[]
}

const things: Record<SurfaceDifference['kind'], string> = {
  tool: 'tool',
  prompt: 'prompt',
  resource: 'resource',
  resourceTemplate: 'resource template',
  instructions: 'instructions',
  serverInfo: 'server',
}

/** By the part of a thing that changed: how much it can do, and what. */
const parts: [start: RegExp, severity: Severity, sentence: string][] = [
  [/^\/description/, 'grave', 'Models read this text and act on it: it can lead them to do something else.'],
  [
    /^\/inputSchema/,
    'grave',
    'It asks for other arguments: calls that worked may fail, and agents may hand over more than before.',
  ],
  [/^\/arguments/, 'grave', 'It asks for other arguments than before.'],
  [/^\/uri/, 'grave', 'It leads to another address.'],
  [/^\/outputSchema/, 'notable', 'It answers in another shape: programs that read its answers may fail.'],
  [/^\/annotations/, 'notable', 'It says otherwise what it may do, such as whether it only reads.'],
  [/^\/title/, 'notable', 'It is called otherwise where people choose tools.'],
]

/** How much one difference of a surface can do, in words. */
export function judge({ kind, change, fields }: SurfaceDifference): Judged {
  const told: [Severity, string][] = []
  const thing = things[kind]
  if (kind === 'instructions')
    told.push(['grave', 'Models read the instructions before anything else and act on them.'])
  else if (kind === 'serverInfo') told.push(['slight', 'What it says of its own name and version.'])
  else if (change === 'added')
    told.push([
      kind === 'tool' ? 'grave' : 'notable',
      `Nobody admitted this ${thing}: agents would see it${kind === 'tool' ? ' and could call it' : ''}.`,
    ])
  else if (change === 'removed') told.push(['notable', `It is gone: what relies on this ${thing} fails.`])
  else
    for (const { path } of fields) {
      const part = parts.find(([start]) => start.test(path))
      told.push(part ? [part[1], part[2]] : ['slight', `Its ${path.split('/')[1] || 'value'} is another.`])
    }
  if (fields.some(({ after }) => hides(inertText(after))))
    told.push([
      'grave',
      'It holds characters that cannot be seen, which can hide instructions; they are written out below.',
    ])
  const severity = told
    .map(([one]) => one)
    .toSorted((a, b) => severityMarks[a].rank - severityMarks[b].rank)[0]
  return { severity: severity ?? 'slight', sentences: [...new Set(told.map(([, sentence]) => sentence))] }
}

/** The differences with what each can do, the worst first. */
export function judged(
  differences: readonly SurfaceDifference[],
): (Judged & { difference: SurfaceDifference })[] {
  return differences
    .map((difference) => ({ difference, ...judge(difference) }))
    .toSorted((a, b) => severityMarks[a.severity].rank - severityMarks[b.severity].rank)
}
