import { typeid } from 'typeid-js'
import { idPrefixes, type IdKind } from '@berth/contracts'

/** A new TypeID of the given kind; ids made later sort later. */
export function newId(kind: IdKind): string {
  return typeid(idPrefixes[kind]).toString()
}
