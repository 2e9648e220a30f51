import { useActions } from '../app/actions.tsx'
import { Dialog, DialogBody } from '../ui/Dialog.tsx'
import { Key } from './Palette.tsx'

/** Which keys do what on this page. */
export function KeysHelp({
  shell,
  onClose,
}: {
  shell: { key: string; label: string }[]
  onClose: () => void
}) {
  const page = useActions().filter((action) => action.key)
  return (
    <Dialog
      open
      onClose={onClose}
      title="Keyboard shortcuts"
      description="They work wherever you are not typing."
    >
      <DialogBody>
        <Keys title="This page" keys={page.map(({ key, label }) => ({ key: key!, label }))} />
        <Keys title="Everywhere" keys={shell} />
      </DialogBody>
    </Dialog>
  )
}

function Keys({ title, keys }: { title: string; keys: { key: string; label: string }[] }) {
  if (keys.length === 0) return null
  return (
    <section>
      <h3>{title}</h3>
      <dl className="mt-1">
        {keys.map(({ key, label }) => (
          <div
            key={key}
            className="flex h-8 items-center justify-between border-b border-line-soft last:border-0"
          >
            <dt>{label}</dt>
            <dd>
              <Key name={key} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
