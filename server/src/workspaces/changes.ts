import { isDeepStrictEqual } from 'node:util'

/** The fields of `wanted` that differ from `present`, as events tell them. */
export function changesBetween<T extends object>(present: NoInfer<T>, wanted: T) {
  return Object.entries(wanted).flatMap(([field, current]) => {
    const previous: unknown = present[field as keyof T]
    return isDeepStrictEqual(previous, current) ? [] : [{ field, previous, current: current as unknown }]
  })
}
