import { Badge } from '../../ui/Badge.tsx'

/** An organization in a list of operators: by its name and its short one, and whether it is for tests. */
export function OrganizationName({ of }: { of: { name: string; slug: string; kind: string } }) {
  return (
    <>
      <b className="font-semibold">{of.name}</b>{' '}
      <span className="hidden font-mono text-[11.5px] text-ink-3 @3xl:inline">{of.slug}</span>{' '}
      {of.kind === 'test' && <Badge tone="accent">test</Badge>}
    </>
  )
}
