import { type ErrorComponentProps, Outlet } from '@tanstack/react-router'
import { createContext, useContext, useState } from 'react'
import { factsOf } from '../api/client.ts'
import { isReachable } from '../app/lazyPage.ts'
import { useTheme } from '../app/theme.ts'
import { ErrorPanel } from '../ui/ErrorPanel.tsx'
import { Toasts } from '../ui/Toast.tsx'
import { Brand } from './Brand.tsx'

/** Whether the console's frame is around the page, with its name. */
export const Framed = createContext(false)

export function Root() {
  return (
    <>
      <Outlet />
      <Toasts theme={useTheme()} />
    </>
  )
}

/** A page that could not be shown, and why; within the console its frame stays around it. */
export function RouteError({ error }: ErrorComponentProps) {
  const [tries, setTries] = useState(0)
  return (
    <Lonely title="This page could not be shown">
      <ErrorPanel
        {...factsOf(error)}
        onRetry={async () => {
          if (await isReachable()) window.location.reload()
          else setTries(tries + 1)
        }}
      />
      <p role="status" className="mt-2 text-ink-2">
        {tries > 0 && `Tried ${tries === 1 ? 'once' : `${tries} times`}: Berth still does not answer.`}
      </p>
    </Lonely>
  )
}

export function RouteNotFound() {
  return (
    <Lonely title="There is no such page">
      <p className="text-ink-2">
        The address <code className="font-mono text-xs break-all">{window.location.pathname}</code> names
        nothing in this console.
      </p>
      <p className="mt-3">
        <a href="/console/lifecycle" className="font-[550] text-accent underline underline-offset-2">
          Go to Lifecycle
        </a>
      </p>
    </Lonely>
  )
}

/** A page that is only a few sentences and what to do next. */
export function Lonely({ title, children }: { title: string; children: React.ReactNode }) {
  const framed = useContext(Framed)
  return (
    <main className="mx-auto flex min-h-full w-full max-w-[520px] flex-col px-5 pt-[16vh]">
      <title>{`${title} · Berth`}</title>
      {!framed && <Brand />}
      <h1 className="mt-6 mb-2">{title}</h1>
      <div>{children}</div>
    </main>
  )
}
