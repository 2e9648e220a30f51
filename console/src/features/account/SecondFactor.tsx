import { type Account, api } from '@berth/contracts'
import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useMemo, useState } from 'react'
import { call } from '../../api/client.ts'
import { type Action, usePageActions } from '../../app/actions.tsx'
import { Button } from '../../ui/Button.tsx'
import { Panel } from '../../ui/Panel.tsx'
import { StatusMark } from '../../ui/StatusMark.tsx'
import { Time } from '../../ui/Time.tsx'
import { sayDone } from '../../ui/Toast.tsx'
import { ProofDialog } from './ProofDialog.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'

// Draws QR codes, which few visits need.
const EnrolTotp = lazy(async () => ({ default: (await import('./EnrolTotp.tsx')).EnrolTotp }))

/** So few recovery codes are left that new ones should be made. */
const fewCodes = 3

type Step = 'enrol' | 'renew' | 'disable' | { codes: string[] }

/** The second step of signing in: whether it is on, and the codes for when the app is out of reach. */
export function SecondFactor({ account }: { account: Account }) {
  const queryClient = useQueryClient()
  const [step, setStep] = useState<Step | null>(null)
  const { enabledAt, recoveryCodesLeft: left } = account.secondFactor
  const on = enabledAt !== null
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['account'] })
  const close = () => setStep(null)
  usePageActions(
    useMemo(
      (): Action[] =>
        on
          ? [{ id: 'renew', label: 'Make new recovery codes', run: () => setStep('renew') }]
          : [{ id: 'enrol', label: 'Turn the second factor on', run: () => setStep('enrol') }],
      [on],
    ),
  )
  return (
    <Panel
      title="Second factor"
      actions={
        on ? (
          <span className="flex flex-wrap gap-1.5 py-0.5">
            <Button onClick={() => setStep('renew')}>New recovery codes…</Button>
            <Button look="danger" onClick={() => setStep('disable')}>
              Turn off…
            </Button>
          </span>
        ) : (
          <Button onClick={() => setStep('enrol')}>Turn on…</Button>
        )
      }
    >
      {on ? (
        <div className="flex flex-col gap-1">
          <p className="flex flex-wrap items-center gap-x-2">
            <StatusMark tone="good" shape="check" word="on" />
            <span className="text-ink-2">
              Signing in takes a code of your app since <Time at={enabledAt} ago />.
            </span>
          </p>
          <p className={left < fewCodes ? 'text-wait' : 'text-ink-2'}>
            {left === 0
              ? 'No recovery code is left: without the app you could not sign in. Make new ones.'
              : `${left} recovery code${left === 1 ? ' is' : 's are'} left${left < fewCodes ? '; make new ones before they are gone' : ''}.`}
          </p>
        </div>
      ) : (
        <p className="flex flex-wrap items-center gap-x-2">
          <StatusMark tone="idle" shape="none" word="off" />
          <span className="text-ink-2">
            Whoever has your password can sign in. With a second factor they need your authenticator app too.
          </span>
        </p>
      )}
      {step === 'enrol' && (
        <Suspense>
          <EnrolTotp onDone={(codes) => setStep({ codes })} onClose={close} />
        </Suspense>
      )}
      {step === 'renew' && (
        <ProofDialog
          title="Make new recovery codes?"
          withCode
          deed="Make new codes"
          doing="Making…"
          act={async (body) => {
            const { recoveryCodes } = await call(api.account.renewRecoveryCodes, { body })
            setStep({ codes: recoveryCodes })
          }}
          onClose={close}
        >
          <p className="text-ink-2">The {left} that are left are worth nothing from then on.</p>
        </ProofDialog>
      )}
      {step === 'disable' && (
        <ProofDialog
          title="Turn the second factor off?"
          withCode
          deed="Turn off"
          doing="Turning off…"
          look="danger"
          act={async (body) => {
            await call(api.account.disableTotp, { body })
            await refresh()
            sayDone('The second factor is off.')
            close()
          }}
          onClose={close}
        >
          <p className="text-ink-2">
            Signing in then takes your password alone. The app’s codes and the recovery codes are worth
            nothing any more; turning it on again gives new ones.
          </p>
        </ProofDialog>
      )}
      {step !== null && typeof step === 'object' && (
        <RecoveryCodes
          codes={step.codes}
          onClose={() => {
            close()
            void refresh()
          }}
        />
      )}
    </Panel>
  )
}
