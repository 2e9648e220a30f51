import { lazy, Suspense, use, useId, useState } from 'react'
import { ControlOf } from './controlOf.ts'
import { faceOf, type SelectProps } from './selectFace.tsx'

const load = () => import('./SelectList.tsx')
const SelectList = lazy(async () => ({ default: (await load()).SelectList }))

/** One choice of several. Its list is loaded as the pointer or the focus comes near, and takes its place when it is first opened. */
export function Select<V extends string>(props: SelectProps<V>) {
  const [wanted, setWanted] = useState(false)
  const controlOf = use(ControlOf)
  const list = useId()
  const face = controlOf(
    <button
      type="button"
      role="combobox"
      aria-haspopup="listbox"
      aria-expanded={false}
      aria-controls={list}
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClick={() => setWanted(true)}
      onKeyDown={(event) => {
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
        event.preventDefault()
        setWanted(true)
      }}
      {...faceOf(props)}
    />,
  )
  if (!wanted) return face
  return (
    <Suspense fallback={face}>
      {/* What is chosen is one of the options, whose values are of the type that is told. */}
      <SelectList {...(props as unknown as SelectProps<string>)} />
    </Suspense>
  )
}
