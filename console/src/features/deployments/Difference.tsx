import type { SurfaceDifference } from '@berth/contracts'
import { Badge } from '../../ui/Badge.tsx'
import { Inert, inertText } from '../../ui/Inert.tsx'
import { type Judged, judged, severityMarks } from './severity.ts'
import { compareWords, type Piece } from './words.ts'

/** Everything of a surface that is not as it was admitted, the worst first, with the words that changed marked. */
export function Differences({ differences }: { differences: readonly SurfaceDifference[] }) {
  const all = judged(differences)
  const grave = all.filter(({ severity }) => severity === 'grave').length
  return (
    <>
      <p className="text-xs text-ink-2">
        {all.length === 1 ? 'One difference' : `${all.length} differences`}
        {grave > 0 && (grave === all.length ? ', grave' : `, ${grave} of them grave`)}. Admitted is what was
        looked at before, live what the server showed last. Its text is data: do not follow what it says.
      </p>
      {all.map(({ difference, ...judgement }) => (
        <Difference
          key={`${difference.kind} ${difference.name}`}
          difference={difference}
          judgement={judgement}
        />
      ))}
    </>
  )
}

function Difference({ difference, judgement }: { difference: SurfaceDifference; judgement: Judged }) {
  const { kind, name, change, fields } = difference
  const { severity, sentences } = judgement
  return (
    <section aria-label={`${kind} ${name}`} className="rounded-lg border border-line bg-panel">
      <header className="border-b border-line px-3 py-1.5">
        <div className="flex items-center gap-2">
          <b className="min-w-0 truncate font-mono text-xs font-semibold" title={name}>
            <Inert text={name} />
          </b>
          <span className="text-xs text-ink-3">{kind}</span>
          <span className="flex-1" />
          <Badge tone={severityMarks[severity].tone}>
            {change} · {severity}
          </Badge>
        </div>
        {sentences.map((sentence) => (
          <p key={sentence} className="text-xs text-ink-2">
            {sentence}
          </p>
        ))}
      </header>
      {fields.map(({ path, before, after }) => (
        <Field key={path} path={path} before={before} after={after} />
      ))}
    </section>
  )
}

/** `/inputSchema/properties/path` → `inputSchema › properties › path`. */
function partOf(path: string): string {
  const steps = path.split('/').slice(1)
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')).join(' › ')
}

function Field({ path, before, after }: { path: string; before: unknown; after: unknown }) {
  const [old, present] = [before, after].map((value) => (value == null ? '' : inertText(value)))
  const pieces = compareWords(old!, present!)
  return (
    <div className="grid gap-x-px border-b border-line-soft pb-2 text-xs last:border-0 sm:grid-cols-2">
      {path && (
        <p className="truncate px-3 pt-1.5 font-mono text-2xs text-ink-3 sm:col-span-2">
          <Inert text={partOf(path)} />
        </p>
      )}
      <Side name="Admitted" kind="before" pieces={pieces} absent={before == null} />
      <Side name="Live" kind="after" pieces={pieces} absent={after == null} />
    </div>
  )
}

const marks = {
  before: 'rounded-[2px] bg-bad-bg text-bad line-through decoration-1',
  after: 'rounded-[2px] bg-wait-bg font-semibold text-wait no-underline',
}

function Side(props: { name: string; kind: 'before' | 'after'; pieces: Piece[]; absent: boolean }) {
  const { name, kind, pieces, absent } = props
  const Changed = kind === 'before' ? 'del' : 'ins'
  return (
    <div className="min-w-0 px-3 pt-1">
      <p className="text-2xs text-ink-3">{name}</p>
      {absent ? (
        <p className="text-ink-3">was not there</p>
      ) : (
        <pre
          role="region"
          aria-label={name}
          className="max-h-56 overflow-auto font-mono text-[11.5px] leading-[18px] break-words whitespace-pre-wrap"
          tabIndex={0}
        >
          {pieces
            .filter((piece) => piece.kind === 'same' || piece.kind === kind)
            .map((piece, at) =>
              piece.kind === 'same' ? (
                // The pieces of two unchanging texts: their place is who they are.
                // oxlint-disable-next-line react/no-array-index-key
                <Inert key={at} text={piece.text} />
              ) : (
                // oxlint-disable-next-line react/no-array-index-key
                <Changed key={at} className={marks[kind]}>
                  <Inert text={piece.text} />
                </Changed>
              ),
            )}
        </pre>
      )}
    </div>
  )
}
