export type Faults = Record<string, string>

/** The faults of what stands in a part of a form, as that part names it: of `config`, `config.city` is `city`. */
export function faultsIn(part: string, faults: Faults): Faults {
  const begin = `${part}.`
  return Object.fromEntries(
    Object.entries(faults).flatMap(([path, fault]) =>
      path.startsWith(begin) ? [[path.slice(begin.length), fault]] : [],
    ),
  )
}

/** The same the other way: a part's own faults as the whole form names them. */
export function faultsOf(part: string, faults: Faults): Faults {
  return Object.fromEntries(Object.entries(faults).map(([path, fault]) => [`${part}.${path}`, fault]))
}

/** What is wrong with a part that is one control, or with anything in it. */
export function faultOf(part: string, faults: Faults): string | undefined {
  return faults[part] ?? Object.values(faultsIn(part, faults))[0]
}
