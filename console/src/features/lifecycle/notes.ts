import { notes as meanings } from '@berth/contracts'

/** Notes that hold nothing, with what varies in them left open; what a gate could not know may hold. */
const harmless = Object.entries(meanings)
  .filter(([pattern, { pending }]) => pending === null && !pattern.startsWith('<'))
  .map(([pattern]) => new RegExp(`^${pattern.replaceAll(/<[^>]+>/g, '[^:]+')}$`))

/** Whether a note may be why something is held. */
export const mayHold = (note: string): boolean => !harmless.some((one) => one.test(note))
