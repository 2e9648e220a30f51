/** One edge of a state machine: an action by somebody takes a thing from some states to another. */
export interface Edge<S extends string, A extends string> {
  action: A
  from: readonly S[]
  to: S
  by: string
  /** Why the action is not possible in any other state, as a sentence. */
  refusal: string
}

export interface Machine<S extends string = string, A extends string = string> {
  name: string
  states: readonly S[]
  initial: S
  terminal: readonly S[]
  edges: readonly Edge<S, A>[]
}

export function machine<const S extends string, const A extends string>(
  definition: Machine<S, A>,
): Machine<S, A> {
  return definition
}

/** Where `action` leads from `state`, or null when the machine has no such edge. */
export function next<S extends string, A extends string>(
  m: Machine<S, A>,
  state: NoInfer<S>,
  action: NoInfer<A>,
): S | null {
  return m.edges.find((edge) => edge.action === action && edge.from.includes(state))?.to ?? null
}

/** The sentence that tells why `action` is not possible from `state`; null when it is. */
export function refusalOf<S extends string, A extends string>(
  m: Machine<S, A>,
  state: NoInfer<S>,
  action: NoInfer<A>,
): string | null {
  if (next(m, state, action)) return null
  const edge = m.edges.find((candidate) => candidate.action === action)
  return `${edge?.refusal ?? `A ${m.name} cannot ${action}.`} It is ${state}.`
}
