import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
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

interface Registry {
  actions: Action[]
  set: (owner: symbol, actions: Action[]) => void
}

const Context = createContext<Registry | null>(null)

/** Keeps the actions of the page on view. */
export function ActionsProvider({ children }: { children: ReactNode }) {
  const [owners, setOwners] = useState<Map<symbol, Action[]>>(new Map())
  const registry = useMemo<Registry>(
    () => ({
      actions: [...owners.values()].flat(),
      set: (owner, actions) =>
        setOwners((before) => {
          const after = new Map(before)
          if (actions.length) after.set(owner, actions)
          else after.delete(owner)
          return after
        }),
    }),
    [owners],
  )
  useKeys(
    Object.fromEntries(
      registry.actions.filter((a) => a.key && !a.whyNot).map((action) => [action.key!, action.run]),
    ),
  )
  return <Context value={registry}>{children}</Context>
}

export function useActions(): Action[] {
  return useContext(Context)!.actions
}

/** Declares what the page can do. Memoize the list: a new one is a new declaration. */
export function usePageActions(actions: Action[]): void {
  const set = useContext(Context)!.set
  useEffect(() => {
    const owner = Symbol('page')
    set(owner, actions)
    return () => set(owner, [])
  }, [set, actions])
}
