import type { ReactNode } from 'react'
import { Brand } from '../../shell/Brand.tsx'

/** The frame of the pages before the console: one narrow column below the name. */
export function WayIn({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-full w-full max-w-[400px] flex-col px-5 pt-[14vh] pb-10">
      <title>{`${title} · Berth`}</title>
      <Brand />
      {children}
    </main>
  )
}

/** How a link looks within a sentence. */
export const linkLook = 'font-[550] text-accent underline underline-offset-2'
