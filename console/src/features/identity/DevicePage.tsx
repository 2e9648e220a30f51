import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { MonitorCheck, MonitorX } from 'lucide-react'
import { useState } from 'react'
import { answerDevice, readDeviceRequest } from '../../api/auth.ts'
import { factsOf } from '../../api/client.ts'
import { useMe } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorPanel } from '../../ui/ErrorPanel.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { WayIn } from './WayIn.tsx'

/** Lets a person allow or refuse a sign-in that was begun on a command line. */
export function DevicePage() {
  const { user_code: code } = useSearch({ from: '/device' })
  return (
    <WayIn title="Sign in a command line">
      <h1 className="mt-6">Sign in a command line</h1>
      {code ? (
        <Request key={code} code={code} />
      ) : (
        <>
          <p className="mt-1 mb-1 text-ink-2">
            Run <code className="font-mono text-xs">mcpctl login</code> in a terminal: it shows a code. With
            it, the command line acts as you until you sign it out.
          </p>
          <AskCode />
        </>
      )}
    </WayIn>
  )
}

function AskCode() {
  const navigate = useNavigate()
  const [code, setCode] = useState('')
  return (
    <form
      className="mt-3 flex flex-col gap-3.5"
      onSubmit={(event) => {
        event.preventDefault()
        if (code.trim()) void navigate({ to: '/device', search: { user_code: code.trim() } })
      }}
    >
      <Field label="Code" hint="As the command line shows it.">
        <Input
          autoFocus
          autoComplete="off"
          className="font-mono uppercase"
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
      </Field>
      <Button
        type="submit"
        look="primary"
        className="self-start"
        whyNot={code.trim() ? null : 'Type the code first.'}
      >
        Continue
      </Button>
    </form>
  )
}

function Request({ code }: { code: string }) {
  const { user } = useMe()
  const request = useQuery({
    queryKey: ['device', code],
    queryFn: () => readDeviceRequest(code),
    retry: false,
    staleTime: 0,
  })
  const answer = useMutation({
    mutationFn: (given: 'approve' | 'deny') => answerDevice(code, given),
    onSettled: () => void request.refetch(),
  })
  if (request.isPending) return <Skeleton className="mt-4 h-24 w-full" />
  const status = answer.isSuccess
    ? answer.variables === 'approve'
      ? 'approved'
      : 'denied'
    : request.data?.status
  if (status === 'approved') return <Answered allowed />
  if (status === 'denied') return <Answered allowed={false} />
  return (
    <>
      {request.isError ? (
        <div className="mt-4 flex flex-col gap-4">
          <ErrorPanel {...factsOf(request.error)} />
          <AskCode />
        </div>
      ) : (
        <>
          <p className="mt-2 text-ink-2">
            A command line asks to act as <b className="font-semibold text-ink">{user?.email}</b>. Allow it
            only if you have just run mcpctl login and it shows this very code:
          </p>
          <p className="my-4 rounded-lg border border-line bg-panel py-3 text-center font-mono text-lg tracking-[0.2em]">
            {code}
          </p>
          {answer.error && (
            <div className="mb-4">
              <ErrorPanel {...factsOf(answer.error)} />
            </div>
          )}
          <div className="flex gap-2">
            <Button
              look="primary"
              pending={answer.isPending && answer.variables === 'approve' && 'Allowing…'}
              onClick={() => answer.mutate('approve')}
            >
              Allow
            </Button>
            <Button
              pending={answer.isPending && answer.variables === 'deny' && 'Refusing…'}
              onClick={() => answer.mutate('deny')}
            >
              Refuse
            </Button>
          </div>
        </>
      )}
    </>
  )
}

function Answered({ allowed }: { allowed: boolean }) {
  const Icon = allowed ? MonitorCheck : MonitorX
  return (
    <div
      role="status"
      className="mt-4 flex items-start gap-2.5 rounded-lg border border-line bg-panel px-3 py-2.5"
    >
      <Icon aria-hidden className={`mt-0.5 size-4 ${allowed ? 'text-good' : 'text-idle'}`} />
      <p>
        {allowed
          ? 'The command line is signed in. Go back to it; you can close this page.'
          : 'The command line was refused. Nothing can be done with that code any more.'}
      </p>
    </div>
  )
}
