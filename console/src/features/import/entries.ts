import {
  answered,
  type Fit,
  fitOf,
  type Outlook,
  type Plan,
  type PlannedSecret,
  type Release,
  slug,
} from '@berth/contracts'

/** What the person decided for one entry; absent: as the file has it. */
export interface Choice {
  left?: boolean
  name?: string
  /** Hosts, by spaces. */
  egress?: string
  /** The folder to take for a script. */
  folder?: string
  /** New values for its secrets, by their names. */
  values?: Record<string, string>
}

/** How far the import of one entry came. */
export type Progress =
  | { kind: 'working'; step: string }
  | { kind: 'done'; deploymentId: string }
  | { kind: 'failed'; error: unknown }

/** One entry with everything that is known of it. */
export type Entry =
  | { entry: string; kind: 'cannot'; reason: string }
  | {
      entry: string
      kind: 'can'
      plan: Plan
      name: string
      egress: string[]
      /** The release of the catalog that runs it; null: one must be added. */
      release: Release | null
      secrets: PlannedSecret[]
      config: Record<string, unknown>
      choice: Choice
      /** What stands in the way, by the field it can be mended in. */
      faults: Record<string, string>
      /** Why it cannot be imported by this person, whatever they type. */
      barred: string | null
    }
export type Importable = Extract<Entry, { kind: 'can' }>

export interface Circumstances {
  releases: readonly Release[]
  /** Names that deployments of the workspace have. */
  taken: ReadonlySet<string>
  operator: boolean
  answers: Readonly<Record<string, string>>
  /** This Berth's own address. */
  origin: string
}

/** What becomes of an entry as things are. */
export function entryOf(outlook: Outlook, choice: Choice, around: Circumstances): Entry {
  if ('reason' in outlook) return { entry: outlook.entry, kind: 'cannot', reason: outlook.reason }
  const { entry, plan } = outlook
  if (plan.artifact.kind === 'remote' && plan.artifact.url.startsWith(`${around.origin}/mcp/`))
    return { entry, kind: 'cannot', reason: 'it leads to this Berth itself.' }
  const wanted = choice.egress === undefined ? null : hostsOf(choice.egress)
  const found = fitting(plan, around.releases, wanted)
  const { config, secrets }: Fit = found?.fit ?? {
    config: { ...plan.env, ...plan.headers },
    secrets: plan.secrets,
  }
  const name = choice.name ?? plan.deployment
  return {
    entry,
    kind: 'can',
    plan,
    name,
    egress: wanted ?? found?.release.manifest.egress ?? [],
    release: found?.release ?? null,
    secrets,
    config,
    choice,
    faults: faultsOf(name, secrets, choice, around),
    barred:
      found || around.operator
        ? null
        : 'The catalog has no release that runs it like this, and only an operator of this installation adds one. Ask one of them.',
  }
}

/** The newest release that runs a plan. */
function fitting(plan: Plan, releases: readonly Release[], egress: string[] | null) {
  for (const release of releases) {
    if (release.observation === 'failed' && release.manifest.secrets.length === 0) continue
    const fit = fitOf(release, plan, egress)
    if (fit) return { release, fit }
  }
  return null
}

function faultsOf(
  name: string,
  secrets: readonly PlannedSecret[],
  choice: Choice,
  { taken, answers }: Circumstances,
): Record<string, string> {
  const faults: Record<string, string> = {}
  const shape = slug.safeParse(name)
  if (!shape.success) faults.name = `Give it a name: ${shape.error.issues[0]!.message}.`
  else if (taken.has(name)) faults.name = `This workspace has a “${name}” already; give it another name.`
  for (const secret of secrets) {
    const missing = choice.values?.[secret.name] ? [] : secret.asks.filter((ask) => !answers[ask])
    for (const ask of missing) faults[ask] = `The file only refers to it; type its value.`
  }
  return faults
}

/** The value of a secret: typed here, else as the file has it with what was given for its references. */
export function valueOf(
  secret: PlannedSecret,
  { choice }: Importable,
  answers: Record<string, string>,
): string {
  return choice.values?.[secret.name] || answered(secret, answers)
}

export const hostsOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean)

/** Where an entry's server comes from, in one line. */
export function sourceOf({ artifact }: Plan): string {
  if (artifact.kind === 'npm') return `${artifact.package}@${artifact.version ?? 'newest'}`
  return artifact.kind === 'remote' ? artifact.url : `${artifact.path}: ${artifact.command.join(' ')}`
}
