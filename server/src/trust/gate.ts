import { sql } from 'kysely'
import type { Moment } from '@berth/contracts'
import { known, notYet, unavailable, type Finding, type Gate } from '../platform/gate.ts'

export interface TrustFacts {
  release: { state: 'admitted' | 'yanked' | 'blocked'; version: string }
  quarantine: { active: boolean }
  artifact: { ok: boolean; digest: string | null; detail: string | null }
  /** `drift`: names of what differs; null: nothing was admitted to compare with. */
  surface: { hash: string; drift: string[] | null }
}

const nothing = { launch: 'hold', relaunch: 'hold', running: 'hold', call: 'hold' } as const
/** Comes to be while it is launched: the launch may begin, and what runs without it may not go on. */
const duringLaunch = { launch: 'pass', relaunch: 'pass', running: 'hold', call: 'hold' } as const
const minute = 60_000

/** Whether the bytes and the surface of what runs are those that were admitted. */
export const trustGate: Gate<TrustFacts> = {
  name: 'trust',
  version: 1,
  rules: {
    release: {
      title: 'The state of the release',
      notYet: nothing,
      graceMs: 0,
      pending: 'pending-remediation',
    },
    quarantine: {
      title: 'Whether it is in quarantine',
      notYet: nothing,
      graceMs: 0,
      pending: 'pending-remediation',
    },
    artifact: {
      title: "The check of the release's files",
      notYet: duringLaunch,
      graceMs: 10 * minute,
      pending: 'pending-attestation',
    },
    surface: {
      title: 'What the server shows of itself',
      notYet: duringLaunch,
      graceMs: 10 * minute,
      pending: 'pending-attestation',
    },
  },
  facts: () => sql`(
    select jsonb_build_object(
      'release', ${known(sql`jsonb_build_object('state', r.state, 'version', r.version)`)},
      'quarantine', ${known(sql`jsonb_build_object('active', d.quarantined)`)},
      'artifact', case
        when r.artifact ->> 'kind' = 'remote'
          then ${known(sql`jsonb_build_object('ok', true, 'digest', null, 'detail', null)`)}
        when t.artifact_checked_at is null or t.artifact_generation <> d.generation then ${notYet}
        when t.artifact_ok is null
          then ${unavailable(sql`t.artifact_checked_at`, 'its files could not be checked')}
        else ${known(sql`jsonb_build_object(
          'ok', t.artifact_ok, 'digest', t.artifact_digest, 'detail', t.artifact_detail)`)} end,
      'surface', case
        when t.live_hash is null or t.live_generation <> d.generation then ${notYet}
        else ${known(sql`jsonb_build_object('hash', t.live_hash, 'drift', case
          when t.drift is null then null
          else (select coalesce(jsonb_agg(x.item ->> 'name' order by x.place), '[]')
                from jsonb_array_elements(t.drift) with ordinality as x (item, place)) end)`)} end)
    from releases r
    left join trust_records t on t.deployment_id = d.id and t.release_id = d.release_id
    where r.id = d.release_id)`,
  decide: (facts, moment) => [
    ...releaseFindings(facts.release, moment),
    ...quarantineFindings(facts.quarantine),
    ...artifactFindings(facts.artifact),
    ...surfaceFindings(facts.surface),
  ],
}

function releaseFindings(release: TrustFacts['release'] | undefined, moment: Moment): Finding[] {
  if (release?.state === 'blocked') {
    return [
      {
        verdict: 'veto',
        note: 'trust:release:blocked',
        sentence: `The release ${release.version} was blocked by an operator.`,
        next: 'It does not run again anywhere. Change the deployment to another version.',
        pending: 'pending-remediation',
      },
    ]
  }
  if (release?.state !== 'yanked') return []
  const sentence = `The release ${release.version} was yanked by an operator.`
  if (moment !== 'launch') {
    const next = 'What runs of it goes on; it is not launched anew. Plan a change to another version.'
    return [{ verdict: 'pass', note: 'trust:release:yanked', sentence, next }]
  }
  const next = 'It launches by itself once the release is admitted again. Or change to another version.'
  return [{ verdict: 'hold', note: 'trust:release:yanked', sentence, next, pending: 'pending-remediation' }]
}

function quarantineFindings(quarantine: TrustFacts['quarantine'] | undefined): Finding[] {
  if (!quarantine?.active) return []
  return [
    {
      verdict: 'hold',
      note: 'trust:lifecycle:quarantined',
      sentence: 'The deployment is in quarantine.',
      next: 'It resumes by itself once it is taken out of quarantine.',
      pending: 'pending-remediation',
    },
  ]
}

function artifactFindings(artifact: TrustFacts['artifact'] | undefined): Finding[] {
  if (!artifact) return []
  if (artifact.ok) {
    return [
      {
        verdict: 'pass',
        note: 'trust:artifact:intact',
        sentence: "The release's files are those that were admitted.",
      },
    ]
  }
  return [
    {
      verdict: 'veto',
      note: 'trust:artifact:mismatch',
      sentence: `The release's files are not those that were admitted.${artifact.detail ? ` ${artifact.detail}` : ''}`,
      next: 'Nothing of it runs. Find out who changed them; a restart checks them again.',
      pending: 'pending-remediation',
    },
  ]
}

function surfaceFindings(surface: TrustFacts['surface'] | undefined): Finding[] {
  if (!surface) return []
  if (surface.drift === null) {
    return [
      {
        verdict: 'hold',
        note: 'trust:surface:unadmitted',
        sentence: 'No surface was admitted for this release with this configuration.',
        next: `Look at the one that was seen live, ${surface.hash}, and accept it; the deployment resumes then.`,
        pending: 'pending-attestation',
      },
    ]
  }
  const { length } = surface.drift
  if (length === 0) {
    return [
      {
        verdict: 'pass',
        note: 'trust:surface:admitted',
        sentence: 'The server shows the surface that was admitted.',
      },
    ]
  }
  const named = surface.drift.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 80)))
  const more = length > named.length ? ` and ${length - named.length} more` : ''
  return [
    {
      verdict: 'hold',
      note: `trust:drift:${length}`,
      sentence: `The server shows another surface than the admitted one: ${named.join(', ')}${more} differ${length === 1 ? 's' : ''}.`,
      next: 'Look at the differences. Accept the new surface and the deployment resumes, change to another version, or restart it to look again.',
      pending: 'pending-remediation',
    },
  ]
}
