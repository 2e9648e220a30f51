import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import { useKeys } from './keys.ts'

/** Something a page can do: it stands in the palette, and a key may reach it. */
export interface Action {
  id: string
  label: string
  key?: string
  /** Why it cannot be done now. */
  whyNot?: string | null
  run: () => void
}

type Declare = (owner: symbol, actions: Action[]) => void

// Two contexts: who declares actions must not be rendered again because they were declared.
const Declared = createContext<Action[]>([])
const Declaring = createContext<Declare>(() => {})

/** Keeps the actions of the page on view. */
export function ActionsProvider({ children }: { children: ReactNode }) {
  const [owners, setOwners] = useState<ReadonlyMap<symbol, Action[]>>(new Map())
  const declare = useCallback<Declare>((owner, actions) => {
    setOwners((before) => {
      const after = new Map(before)
      if (actions.length > 0) after.set(owner, actions)
      else after.delete(owner)
      return after
    })
  }, [])
  const declared = useMemo(() => [...owners.values()].flat(), [owners])
  useKeys(
    Object.fromEntries(declared.filter((a) => a.key && !a.whyNot).map((action) => [action.key!, action.run])),
  )
  return (
    <Declaring value={declare}>
      <Declared value={declared}>{children}</Declared>
    </Declaring>
  )
}

export function useActions(): Action[] {
  return useContext(Declared)
}

/** Declares what the page can do. Memoize the list: a new one is a new declaration. */
export function usePageActions(actions: Action[]): void {
  const declare = useContext(Declaring)
  useEffect(() => {
    const owner = Symbol('page')
    declare(owner, actions)
    return () => declare(owner, [])
  }, [declare, actions])
}
