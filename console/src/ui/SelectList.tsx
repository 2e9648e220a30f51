import { Select as Base } from '@base-ui/react/select'
import { Check } from 'lucide-react'
import { faceOf, type SelectProps } from './selectFace.tsx'

/** A choice with its list, which begins open. */
export function SelectList(props: SelectProps<string>) {
  const { options, value, onChange } = props
  return (
    <Base.Root
      items={options}
      value={value}
      defaultOpen
      onValueChange={(next) => next !== null && onChange(next)}
    >
      <Base.Trigger {...faceOf(props)} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} alignItemWithTrigger={false} className="z-50">
          <Base.Popup className="max-h-[min(320px,var(--available-height))] max-w-[min(420px,var(--available-width))] min-w-(--anchor-width) overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-float outline-none">
            {options.map((option) => (
              <Base.Item
                key={option.value}
                value={option.value}
                className="grid cursor-pointer grid-cols-[16px_1fr] items-start gap-1 rounded-sm py-1 pr-2 pl-1 text-sm outline-none data-highlighted:bg-accent-bg"
              >
                <Base.ItemIndicator className="mt-[3px] text-accent">
                  <Check className="size-3.5" />
                </Base.ItemIndicator>
                <span className="col-start-2 min-w-0">
                  <Base.ItemText>{option.label}</Base.ItemText>
                  {option.hint && <span className="block text-xs text-ink-3">{option.hint}</span>}
                </span>
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
