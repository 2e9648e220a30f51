import { Tooltip as Base } from '@base-ui/react/tooltip'

/** The sentence of a tooltip beside its element; loaded with the first one. */
export function TooltipPopup({ anchor, id, text }: { anchor: Element; id: string; text: string }) {
  return (
    <Base.Root open>
      <Base.Portal>
        <Base.Positioner anchor={anchor} sideOffset={6} className="z-50">
          <Base.Popup
            id={id}
            role="tooltip"
            className="max-w-72 rounded-md border border-line bg-raised px-2 py-1 text-xs text-ink shadow-float"
          >
            {text}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
