import type { ClientFile } from '@berth/contracts'
import { FileUp } from 'lucide-react'
import { type Ref, useState } from 'react'
import { Button } from '../../ui/Button.tsx'
import { cx } from '../../ui/cx.ts'
import { Field, TextArea } from '../../ui/Field.tsx'
import { readText } from './reading.ts'
import { useDrop } from './useDrop.ts'

export interface ReadFileProps {
  chooser: Ref<HTMLInputElement>
  onRead: (name: string, file: ClientFile) => void
}

/** Takes a settings file: dropped, chosen or pasted. It is read in this page and goes nowhere as a whole. */
export function ReadFile({ chooser, onRead }: ReadFileProps) {
  const [text, setText] = useState('')
  const [fault, setFault] = useState<{ of: 'file' | 'text'; sentence: string }>()

  function take(of: 'file' | 'text', name: string, content: string): void {
    const read = readText(name, content)
    if ('file' in read) onRead(name, read.file)
    else setFault({ of, sentence: read.fault })
  }

  async function takeFile(file: File | undefined): Promise<void> {
    if (file) take('file', file.name, await file.text())
  }
  const over = useDrop((file) => void takeFile(file))

  return (
    <div className="grid max-w-[880px] gap-4 @2xl:grid-cols-2">
      <div className="flex flex-col gap-1">
        <label
          className={cx(
            'flex flex-1 cursor-pointer flex-col items-center justify-center gap-2 rounded-lg border border-dashed px-6 py-10 text-center has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-accent',
            over ? 'border-accent bg-accent-bg' : 'border-line-strong',
          )}
        >
          <FileUp aria-hidden className="size-6 text-ink-3" />
          <span className="text-base font-[650]">Drop a settings file here, or choose one</span>
          <span className="text-ink-2">
            mcp.json, claude_desktop_config.json, or a settings.json of VS Code. It is read in this page; only
            what you import is sent.
          </span>
          <input
            ref={chooser}
            type="file"
            accept=".json,.jsonc,application/json"
            aria-label="Settings file"
            aria-describedby={fault?.of === 'file' ? 'file-fault' : undefined}
            aria-invalid={fault?.of === 'file' || undefined}
            className="sr-only"
            onChange={(event) => {
              void takeFile(event.target.files?.[0])
              // The same file, mended, can be chosen again.
              event.target.value = ''
            }}
          />
        </label>
        {fault?.of === 'file' && (
          <p id="file-fault" role="alert" className="text-xs font-[550] text-bad">
            {fault.sentence}
          </p>
        )}
      </div>
      <form
        noValidate
        className="flex flex-col gap-2"
        onSubmit={(event) => {
          event.preventDefault()
          take('text', 'The text', text)
        }}
      >
        <Field label="Or paste its text" error={fault?.of === 'text' ? fault.sentence : undefined}>
          <TextArea
            rows={9}
            spellCheck={false}
            autoComplete="off"
            placeholder={'{\n  "mcpServers": { … }\n}'}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </Field>
        <Button type="submit" className="self-start" whyNot={text.trim() ? null : 'Paste the text first.'}>
          Read it
        </Button>
      </form>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 text-xs text-ink-3 @2xl:col-span-2">
        {places.map(([client, path]) => (
          <div key={client} className="col-span-2 grid grid-cols-subgrid">
            <dt>{client}</dt>
            <dd className="break-words">
              {path.split('`').map((part, at) => (at % 2 === 0 ? part : <FileName key={part} name={part} />))}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

const FileName = ({ name }: { name: string }) => <code className="font-mono">{name}</code>

/** Where clients keep their files; names of files stand between backticks. */
const places = [
  ['Claude Desktop', 'Settings → Developer → Edit config: `claude_desktop_config.json`'],
  ['Claude Code', '`.mcp.json` of a project, or `~/.claude.json`'],
  ['Cursor', '`.cursor/mcp.json` of a project, or `~/.cursor/mcp.json`'],
  ['VS Code', '`.vscode/mcp.json` of a folder, or “MCP: Open User Configuration”'],
  ['Windsurf', '`~/.codeium/windsurf/mcp_config.json`'],
] as const
