import { type ErrorComponentProps, Outlet } from '@tanstack/react-router'
import { factsOf } from '../api/client.ts'
import { useTheme } from '../app/theme.ts'
import { ErrorPanel } from '../ui/ErrorPanel.tsx'
import { Toasts } from '../ui/Toast.tsx'
import { Brand } from './Brand.tsx'

export function Root() {
  return (
    <>
      <Outlet />
      <Toasts theme={useTheme()} />
    </>
  )
}

/** A page that could not be shown, and why. */
export function RouteError({ error, reset }: ErrorComponentProps) {
  return (
    <Lonely title="This page could not be shown">
      <ErrorPanel
        {...factsOf(error)}
        onRetry={() => {
          reset()
          window.location.reload()
        }}
      />
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

function Lonely({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <main className="mx-auto flex min-h-full w-full max-w-[520px] flex-col px-5 pt-[16vh]">
      <title>{`${title} · Berth`}</title>
      <Brand />
      <h1 className="mt-6 mb-2">{title}</h1>
      <div>{children}</div>
    </main>
  )
}
