import type { ReactNode } from 'react'

/** The frame of one of the operators' pages: where one is, what it is for, and the one thing to do there. */
export function OperatorPage(props: {
  title: string
  intro?: ReactNode
  action?: ReactNode
  children: ReactNode
}) {
  return (
    <main className="@container h-full overflow-y-auto px-4 py-4 sm:px-5">
      <title>{`${props.title} · Operator · Berth`}</title>
      <div className="mb-1 flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <div className="min-w-0 flex-1 basis-52">
          <p className="text-2xs font-semibold tracking-[0.03em] text-ink-3">
            Operator · the whole installation
          </p>
          <h1>{props.title}</h1>
        </div>
        {props.action}
      </div>
      {props.intro && <p className="mb-3 max-w-[75ch] text-pretty text-ink-2">{props.intro}</p>}
      {props.children}
    </main>
  )
}
