import { Check, Copy, Download } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../ui/Button.tsx'
import { copyText } from '../../ui/clipboard.ts'
import { Dialog, DialogBody, DialogFooter } from '../../ui/Dialog.tsx'

/** Shows new recovery codes, this once. */
export function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const [copied, setCopied] = useState<boolean | null>(null)
  const text = `${codes.join('\n')}\n`
  return (
    <Dialog
      open
      onClose={onClose}
      title="Your recovery codes"
      description="Each signs you in once when the app is out of reach. They are shown only now: keep them where the app is not."
    >
      <DialogBody>
        <ul className="grid grid-cols-2 gap-x-4 gap-y-1 rounded-lg border border-line bg-bg px-3 py-2 font-mono text-sm">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <div className="flex flex-wrap items-center gap-2">
          <Button
            icon={
              copied ? <Check aria-hidden className="size-3.5" /> : <Copy aria-hidden className="size-3.5" />
            }
            onClick={async () => setCopied(await copyText(text))}
          >
            Copy
          </Button>
          <Button icon={<Download aria-hidden className="size-3.5" />} onClick={() => download(text)}>
            Download
          </Button>
          <span role="status" className="text-xs text-ink-3">
            {copied === true && 'Copied.'}
            {copied === false && 'The browser refused to copy; select them by hand.'}
          </span>
        </div>
      </DialogBody>
      <DialogFooter>
        <Button look="primary" onClick={onClose}>
          I have kept them
        </Button>
      </DialogFooter>
    </Dialog>
  )
}

function download(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'berth-recovery-codes.txt'
  link.click()
  URL.revokeObjectURL(url)
}
