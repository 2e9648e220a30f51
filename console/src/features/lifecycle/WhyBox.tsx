import { type Deployment, deploymentWord } from '@berth/contracts'
import { Link } from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { useOrganization, whyNot } from '../../app/session.ts'
import { Button, buttonLook } from '../../ui/Button.tsx'
import { cx } from '../../ui/cx.ts'
import { Explanation } from './Explanation.tsx'
import { holdWordsOf } from './marks.ts'
import { mayHold } from './notes.ts'

const SurfaceDialog = lazy(async () => ({
  default: (await import('../deployments/SurfaceDialog.tsx')).SurfaceDialog,
}))

/** Why a deployment is not as it is wanted, in words; nothing when there is nothing to say. */
export function WhyBox({ deployment }: { deployment: Deployment }) {
  const { hold, holdNotes, quarantined, reason } = deployment
  const word = deploymentWord(deployment)
  if (hold)
    return (
      <Box tone="wait" title={`Held: ${holdWordsOf(deployment)}`}>
        {reason && <p className="break-words whitespace-pre-wrap">{reason.replace(/^Held: /, '')}</p>}
        <p className="mt-1 font-mono text-[11.5px] leading-4 break-words text-ink-2">
          {[hold, ...holdNotes.filter(mayHold)].join(' · ')}
        </p>
        <Actions deployment={deployment} />
      </Box>
    )
  if (quarantined)
    return (
      <Box tone="bad" title="Quarantined">
        {reason && <p>{reason}</p>}
        <Actions deployment={deployment} />
      </Box>
    )
  if (!reason) return null
  if (word === 'failed')
    return (
      <Box tone="bad" title="Failed">
        <Lines text={reason} />
        <Mend deployment={deployment} />
      </Box>
    )
  return (
    <Box tone="wait" title={word === 'degraded' ? 'Degraded' : 'What happens now'}>
      <Lines text={reason} />
    </Box>
  )
}

function Box({ tone, title, children }: { tone: 'bad' | 'wait'; title: string; children: ReactNode }) {
  return (
    <section
      aria-label={title}
      className={cx(
        'mb-3 rounded-lg border px-3 py-2.5',
        tone === 'bad' ? 'border-bad bg-bad-bg' : 'border-wait bg-wait-bg',
      )}
    >
      <p className={cx('font-[650]', tone === 'bad' ? 'text-bad' : 'text-wait')}>{title}</p>
      {children}
    </section>
  )
}

/** The first line is the sentence; what the process wrote last comes below it, as it wrote it. */
function Lines({ text }: { text: string }) {
  const [sentence, ...rest] = text.split('\n')
  return (
    <>
      <p className="break-words">{sentence}</p>
      {rest.length > 0 && (
        <pre
          role="region"
          tabIndex={0}
          aria-label="Last lines of the process"
          className="mt-1.5 max-h-40 overflow-auto rounded-sm bg-panel px-2 py-1.5 font-mono text-[11.5px] leading-4 whitespace-pre-wrap text-ink-2"
        >
          {rest.join('\n').trim()}
        </pre>
      )}
    </>
  )
}

/** The pages where what failed is looked into and mended. */
function Mend({ deployment: { id } }: { deployment: Deployment }) {
  const { slug } = useOrganization()
  const tabs = [
    ['settings', 'Edit its settings'],
    ['logs', 'Read the log'],
  ] as const
  return (
    <div className="mt-2 flex flex-wrap gap-1.5">
      {tabs.map(([tab, name]) => (
        <Link
          key={tab}
          to="/console/deployments/$deploymentId"
          params={{ deploymentId: id }}
          search={{ org: slug, tab }}
          className={buttonLook('plain')}
        >
          {name}
        </Link>
      ))}
    </div>
  )
}

function Actions({ deployment }: { deployment: Deployment }) {
  const [open, setOpen] = useState<'decision' | 'surface' | null>(null)
  const drifted = deployment.holdNotes.some((note) => note.startsWith('trust:drift'))
  const organization = useOrganization()
  return (
    <>
      <div className="mt-2 flex flex-wrap gap-1.5">
        {drifted && <Button onClick={() => setOpen('surface')}>Review what changed</Button>}
        {deployment.decisionId && (
          <Button
            aria-expanded={open === 'decision'}
            whyNot={whyNot(organization, 'policy:read')}
            onClick={() => setOpen(open === 'decision' ? null : 'decision')}
          >
            {open === 'decision' ? 'Hide decision' : 'Explain decision'}
          </Button>
        )}
      </div>
      {open === 'decision' && <Explanation decisionId={deployment.decisionId!} />}
      {open === 'surface' && (
        <Suspense>
          <SurfaceDialog deployment={deployment} onClose={() => setOpen(null)} />
        </Suspense>
      )}
    </>
  )
}
