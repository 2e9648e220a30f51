import { Outlet, useNavigate } from '@tanstack/react-router'
import { ShieldCheck } from 'lucide-react'
import { useMe } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

/** The pages for the installation as a whole; others than operators are told what this is. */
export function OperatorArea() {
  const { platformRoles } = useMe()
  const navigate = useNavigate()
  if (platformRoles.includes('operator')) return <Outlet />
  return (
    <main className="mx-auto max-w-[560px] px-4 pt-[12vh]">
      <title>Operators only · Berth</title>
      <h1 className="mb-3">Operator</h1>
      <EmptyState
        icon={<ShieldCheck className="size-6" />}
        title="For operators of this installation"
        action={<Button onClick={() => void navigate({ to: '/console/lifecycle' })}>Go to Lifecycle</Button>}
      >
        Here operators look after what all organizations share: people, organizations, billing, tiers,
        runners, health and e-mail. You are not one of them; an operator can make you one.
      </EmptyState>
    </main>
  )
}
