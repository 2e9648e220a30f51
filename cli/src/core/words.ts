import type { Colors } from './output.ts'

type Style = (text: string, colors: Colors) => string

const green: Style = (text, colors) => colors.green(text)
const yellow: Style = (text, colors) => colors.yellow(text)
const red: Style = (text, colors) => colors.red(text)
const blue: Style = (text, colors) => colors.blue(text)
const dim: Style = (text, colors) => colors.dim(text)

/** Every state word the API uses, with the mark and the colour it is shown with. The word always stands beside it. */
const marks: Record<string, [mark: string, style: Style]> = {
  running: ['●', green],
  active: ['●', green],
  alive: ['●', green],
  healthy: ['●', green],
  admitted: ['●', green],
  observed: ['●', green],
  succeeded: ['✔', green],
  allowed: ['✔', green],
  pass: ['✔', green],
  ok: ['✔', green],
  trialing: ['●', green],
  paid: ['✔', green],
  confirmed: ['✔', green],
  processed: ['✔', green],
  received: ['◐', blue],
  launching: ['◐', blue],
  stopping: ['◐', blue],
  pending: ['◐', blue],
  draft: ['◌', blue],
  open: ['◐', blue],
  incomplete: ['◐', blue],
  past_due: ['▲', yellow],
  degraded: ['▲', yellow],
  weaker: ['▲', yellow],
  held: ['‖', yellow],
  hold: ['‖', yellow],
  awaiting_approval: ['‖', yellow],
  suspended: ['‖', yellow],
  yanked: ['‖', yellow],
  cancelled: ['‖', yellow],
  lost: ['▲', yellow],
  tool_error: ['▲', yellow],
  quarantined: ['✖', red],
  failed: ['✖', red],
  uncollectible: ['✖', red],
  fault: ['✖', red],
  down: ['✖', red],
  dead: ['✖', red],
  silent: ['✖', red],
  errored: ['✖', red],
  error: ['✖', red],
  refused: ['✖', red],
  rejected: ['✖', red],
  denied: ['✖', red],
  veto: ['✖', red],
  blocked: ['✖', red],
  unreachable: ['✖', red],
  stopped: ['■', dim],
  archived: ['■', dim],
  canceled: ['■', dim],
  void: ['■', dim],
  ignored: ['■', dim],
  closed: ['■', dim],
  revoked: ['■', dim],
  released: ['■', dim],
  expired: ['■', dim],
}

/** A state as a table cell: mark, word and colour; an unknown word gets a neutral mark. */
export function stateCell(word: string): { text: string; style?: Style } {
  const [mark, style] = marks[word] ?? ['○', undefined]
  return { text: `${mark} ${word.replaceAll('_', ' ')}`, style }
}
